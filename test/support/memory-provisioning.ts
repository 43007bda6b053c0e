import type {
  ChainCredentials,
  ChainProfile,
  ChainProvisioning,
} from '../../src/engine/credentials/certificate/certificate-chain.ts';
import { readProfileTransport } from '../../src/engine/credentials/stored/stored-json.ts';
import type { VectorStore } from './memory-store.ts';

interface ProvisionConfiguration {
  readonly certificateRegExPattern?: string;
  readonly allowCreateNewDevicesByX509Certificate?: boolean;
}

/** What was written, as the vectors write it down. */
export interface Written {
  devicesCreated?: { name: string; tenantId: string; deviceProfileId: string }[];
  credentialsSaved?: {
    deviceId: string;
    credentialsType: string;
    credentialsId: string;
    credentialsValue: string;
  }[];
  serverAttributes?: { deviceId: string; key: string; value: string }[];
}

/** Chain provisioning over a vector's store; what it would write is noted, under `created` for the id of a new device. */
export function memoryProvisioning(store: VectorStore): { port: ChainProvisioning; written: Written } {
  const written: Written = {};
  const taken = (credentialsId: string): boolean =>
    store.credentials.some((row) => row.credentialsId === credentialsId);
  const save = (deviceId: string, credentials: { credentialsId: string; credentialsValue: string }): void => {
    written.credentialsSaved = [{ deviceId, credentialsType: 'X509_CERTIFICATE', ...credentials }];
  };
  const port: ChainProvisioning = {
    async findProfiles(keys) {
      const found = store.profiles.filter(({ provisionDeviceKey: key }) => key && keys.includes(key));
      return new Map(found.map((one) => [one.provisionDeviceKey as string, toProfile(one)]));
    },
    async findDevice(profile, name) {
      const device = store.devices.find(
        (one) => one.name === name && one.tenantId === profile.tenantId && one.deviceProfileId === profile.id,
      );
      if (device === undefined) return undefined;
      const { id, tenantId } = device;
      const { transportType, sparkplug, topics } = profile;
      const row = store.credentials.find((one) => one.deviceId === id);
      const credentials: ChainCredentials | undefined = row && { rowId: id, ...row };
      const names = { profileId: profile.id, profileName: profile.name };
      const rest = { transportType, sparkplug, topics, gateway: false };
      return { device: { id, name, tenantId, ...names, ...rest }, credentials };
    },
    async create({ name, profile, credentials }) {
      const { tenantId, id } = profile;
      const named = store.devices.some((one) => one.name === name && one.tenantId === tenantId);
      if (named || taken(credentials.credentialsId)) return false;
      written.devicesCreated = [{ name, tenantId, deviceProfileId: id }];
      save('created', credentials);
      written.serverAttributes = [{ deviceId: 'created', key: 'provisionState', value: 'provisioned' }];
      return true;
    },
    async renew({ rowId }, credentials) {
      if (taken(credentials.credentialsId)) return false;
      save(rowId, credentials);
      return true;
    },
  };
  return { port, written };
}

function toProfile(row: VectorStore['profiles'][number]): ChainProfile {
  const { id, name, tenantId, provisionType, transportType, profileData } = row;
  const configuration = (profileData?.provisionConfiguration ?? {}) as ProvisionConfiguration;
  const transport = JSON.stringify(profileData?.transportConfiguration ?? null);
  return {
    id,
    name,
    tenantId,
    provisionType,
    transportType,
    pattern: configuration.certificateRegExPattern,
    allowCreate: configuration.allowCreateNewDevicesByX509Certificate ?? false,
    ...readProfileTransport(transport),
  };
}
