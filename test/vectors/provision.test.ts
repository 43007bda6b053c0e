import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { profileCertificate } from '../../src/fleet/devices/profile-certificate.ts';
import { provision } from '../../src/fleet/devices/provision/provision.ts';
import { provisionResponseJson } from '../../src/fleet/devices/provision/provision-response.ts';
import type { PrismaClient } from '../../src/storage/connections/prisma.ts';
import { migrate } from '../../src/storage/migrations/apply.ts';
import { ProvisionRepository } from '../../src/storage/repositories/devices/provision-repository.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';
import type { VectorStore } from '../support/memory-store.ts';
import { openPrisma } from '../support/prisma.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PROVISION = 'vectors/thingsboard/provision.json';
const CERTIFICATE = 'vectors/thingsboard/profile-certificate.json';

interface Attribute {
  readonly deviceId: string;
  readonly key: string;
  readonly value: string;
}

interface Changes {
  readonly devicesCreated?: readonly {
    readonly name?: string;
    readonly nameRandomAlphanumeric?: number;
    readonly tenantId: string;
    readonly deviceProfileId: string;
    readonly additionalInfo?: object;
  }[];
  readonly credentialsSaved?: readonly {
    readonly deviceId: string;
    readonly credentialsType: string;
    readonly credentialsId?: string;
    readonly credentialsIdRandomAlphanumeric?: number;
    readonly credentialsValue: string | null;
  }[];
  readonly serverAttributes?: readonly Attribute[];
}

interface Case {
  readonly request: object;
  readonly expected: {
    readonly status: string;
    readonly credentialsType?: string;
    readonly credentialsValue?: string | null;
    readonly credentialsValueRandomAlphanumeric?: number;
    readonly changes?: Changes;
  };
}

interface Vectors {
  readonly store: VectorStore & { readonly serverAttributes: readonly Attribute[] };
  readonly cases: readonly Case[];
}

let prisma: PrismaClient;
let store: ProvisionRepository;
before(async () => {
  const location = { kind: 'sqlite', file: join(temporaryFolder(), 'provision.db') } as const;
  await migrate(location);
  prisma = await openPrisma(location);
  store = new ProvisionRepository(prisma);
});
after(() => prisma.$disconnect());

/** The database as the vectors' store has it, whatever was before. */
async function reset({ profiles, devices, credentials, serverAttributes }: Vectors['store']): Promise<void> {
  const createdTime = 0n;
  await prisma.$transaction([
    prisma.serverAttribute.deleteMany(),
    prisma.deviceCredentials.deleteMany(),
    prisma.device.deleteMany(),
    prisma.deviceProfile.deleteMany(),
    prisma.deviceProfile.createMany({
      data: profiles.map(({ id, tenantId, name, transportType, provisionType, ...rest }) => ({
        id,
        createdTime,
        tenantId,
        name,
        transportType,
        provisionType,
        provisionDeviceKey: rest.provisionDeviceKey ?? null,
        profileData: (rest.profileData ?? {}) as object,
      })),
    }),
    prisma.device.createMany({
      data: devices.map(({ id, tenantId, name, deviceProfileId }) => ({
        id,
        createdTime,
        tenantId,
        name,
        deviceProfileId,
      })),
    }),
    prisma.deviceCredentials.createMany({
      data: credentials.map((row) => ({ id: randomUUID(), createdTime, ...row })),
    }),
    prisma.serverAttribute.createMany({ data: [...serverAttributes] }),
    prisma.change.deleteMany(),
  ]);
}

async function rows() {
  const [devices, credentials, attributes, changes] = await Promise.all([
    prisma.device.findMany(),
    prisma.deviceCredentials.findMany(),
    prisma.serverAttribute.findMany(),
    prisma.change.findMany(),
  ]);
  return { devices, credentials, attributes, changes };
}

const ALPHANUMERICS = /^[A-Za-z0-9]*$/;

function assertRandom(text: string | null | undefined, length: number): void {
  assert.equal(text?.length, length);
  assert.match(text, ALPHANUMERICS);
}

/** What the case wrote, row by row, against what ThingsBoard writes, and nothing else. */
async function checkChanges(expected: Changes, before: Awaited<ReturnType<typeof rows>>): Promise<void> {
  const now = await rows();
  const known = new Set(before.devices.map(({ id }) => id));
  const created = now.devices.filter(({ id }) => !known.has(id));
  const [device] = created;
  assert.equal(created.length, expected.devicesCreated?.length ?? 0);
  for (const one of expected.devicesCreated ?? []) {
    const { name, tenantId, deviceProfileId, additionalInfo } = device as NonNullable<typeof device>;
    if (one.nameRandomAlphanumeric !== undefined) assertRandom(name, one.nameRandomAlphanumeric);
    else assert.equal(name, one.name);
    assert.deepEqual([tenantId, deviceProfileId], [one.tenantId, one.deviceProfileId]);
    assert.deepEqual(additionalInfo === null ? undefined : JSON.parse(additionalInfo), one.additionalInfo);
  }
  const idOf = (deviceId: string) => (deviceId === 'created' ? device?.id : deviceId);

  const kept = new Set(before.credentials.map(({ id }) => id));
  const saved = now.credentials.filter(({ id }) => !kept.has(id));
  assert.equal(saved.length, expected.credentialsSaved?.length ?? 0);
  for (const one of expected.credentialsSaved ?? []) {
    const row = saved[0] as NonNullable<(typeof saved)[0]>;
    if (one.credentialsIdRandomAlphanumeric === undefined) assert.equal(row.credentialsId, one.credentialsId);
    else assertRandom(row.credentialsId, one.credentialsIdRandomAlphanumeric);
    const { credentialsType, credentialsValue } = one;
    assert.deepEqual(
      [row.credentialsType, row.credentialsValue, row.deviceId],
      [credentialsType, credentialsValue, idOf(one.deviceId)],
    );
  }
  const oldOnes = before.credentials.map(({ id }) => now.credentials.find((row) => row.id === id));
  assert.deepEqual(oldOnes, before.credentials);

  const had = new Set(before.attributes.map((one) => `${one.deviceId} ${one.key} ${one.value}`));
  const set = now.attributes.filter((one) => !had.has(`${one.deviceId} ${one.key} ${one.value}`));
  const expectedSet = (expected.serverAttributes ?? []).map((one) => ({
    ...one,
    deviceId: idOf(one.deviceId),
  }));
  assert.deepEqual(set, expectedSet);
  assert.equal(now.attributes.length, before.attributes.length + expectedSet.length);

  // New credentials are news to every cache that knows them as missing; a claim changes nothing that decisions rest on.
  const news = now.changes.flatMap((change) => JSON.parse(change.keys) as string[]);
  assert.deepEqual(new Set(news), new Set(saved.map((row) => row.credentialsId)));
}

goldenFile(
  PROVISION,
  () => goldenJson<Vectors>(PROVISION).cases,
  async ({ request, expected }) => {
    await reset(goldenJson<Vectors>(PROVISION).store);
    const before = await rows();
    const response = await provision(request, store);
    assert.equal(response.status, expected.status);
    checkJson(provisionResponseJson(response), expected);
    await checkChanges(expected.changes ?? {}, before);
    if (response.status !== 'SUCCESS') return;
    assert.equal(response.credentialsType, expected.credentialsType);
    const length = expected.credentialsValueRandomAlphanumeric;
    if (length === undefined) assert.equal(response.credentialsValue, expected.credentialsValue);
    else assertRandom(response.credentialsValue, length);
  },
);

/** The JSON that goes over HTTP and MQTT (`credentials/thingsboard.md` section 6), member by member. */
function checkJson(
  json: Record<string, unknown> | undefined,
  { status, ...expected }: Case['expected'],
): void {
  if (status === 'NO_RESPONSE') {
    assert.equal(json, undefined);
    return;
  }
  assert.equal(json?.status, status);
  const { credentialsType: type } = expected;
  if (status !== 'SUCCESS') {
    assert.deepEqual(Object.keys(json ?? {}), ['errorMsg', 'status']);
    assert.equal(typeof json?.errorMsg, 'string');
    return;
  }
  assert.equal(json?.credentialsType, type);
  const valued = type === 'LWM2M_CREDENTIALS' ? [] : ['credentialsValue'];
  assert.deepEqual(Object.keys(json ?? {}), [...valued, 'credentialsType', 'status']);
  if (expected.credentialsValueRandomAlphanumeric !== undefined) return;
  const value = expected.credentialsValue;
  if (type === 'MQTT_BASIC') assert.deepEqual(json?.credentialsValue, JSON.parse(value ?? 'null'));
  else if (valued.length > 0) assert.equal(json?.credentialsValue, value);
}

interface CertificateCase {
  readonly provisionDeviceSecret: string;
  readonly storedProvisionDeviceSecret: string;
  readonly provisionDeviceKey: string;
}

goldenFile(
  CERTIFICATE,
  () => goldenJson<{ cases: CertificateCase[] }>(CERTIFICATE).cases,
  ({ provisionDeviceSecret, ...expected }) => {
    assert.deepEqual(profileCertificate(provisionDeviceSecret), expected);
  },
);
