import type { CredentialsRecord, CredentialsStore } from '../../src/engine/credentials/credentials-record.ts';
import { isGateway, readProfileTransport } from '../../src/engine/credentials/stored/stored-json.ts';
import type { CredentialsType, TransportType } from '../../src/model/device.ts';

/** A store as the ThingsBoard vectors write it down. */
export interface VectorStore {
  readonly profiles: readonly {
    readonly id: string;
    readonly tenantId: string;
    readonly name: string;
    readonly transportType: TransportType;
    readonly provisionType: string;
    readonly provisionDeviceKey?: string | null;
    readonly profileData?: {
      readonly transportConfiguration?: object;
      readonly provisionConfiguration?: object;
    };
  }[];
  readonly devices: readonly {
    readonly id: string;
    readonly tenantId: string;
    readonly name: string;
    readonly deviceProfileId: string;
    readonly additionalInfo?: unknown;
  }[];
  readonly credentials: readonly {
    readonly deviceId: string;
    readonly credentialsType: CredentialsType;
    readonly credentialsId: string;
    readonly credentialsValue: string | null;
  }[];
}

/** The credentials of a vector's store, in memory: the vectors are about decisions, storage has tests of its own. */
export function memoryStore(store: VectorStore): CredentialsStore {
  const records = new Map(store.credentials.map((row) => [row.credentialsId, toRecord(row, store)]));
  return {
    async findByCredentialsIds(ids) {
      const found = new Map<string, CredentialsRecord>();
      for (const id of ids) {
        const record = records.get(id);
        if (record !== undefined) found.set(id, record);
      }
      return found;
    },
  };
}

function toRecord(row: VectorStore['credentials'][number], store: VectorStore): CredentialsRecord {
  const device = store.devices.find(({ id }) => id === row.deviceId);
  const profile = store.profiles.find(({ id }) => id === device?.deviceProfileId);
  if (device === undefined || profile === undefined) return { ...row, device: undefined, secrets: [] };
  const transport = readProfileTransport(JSON.stringify(profile.profileData?.transportConfiguration ?? null));
  const { additionalInfo } = device;
  return {
    ...row,
    secrets: [],
    device: {
      id: device.id,
      name: device.name,
      tenantId: device.tenantId,
      profileId: profile.id,
      profileName: profile.name,
      transportType: profile.transportType,
      gateway: isGateway(
        typeof additionalInfo === 'string' ? additionalInfo : JSON.stringify(additionalInfo ?? null),
      ),
      ...transport,
    },
  };
}
