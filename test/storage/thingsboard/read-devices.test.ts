import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createKeepPassword } from '../../../src/engine/secrets/keep-password.ts';
import { createSecretSchemes } from '../../../src/engine/secrets/secret-schemes.ts';
import { importDevices } from '../../../src/fleet/devices/import/import-devices.ts';
import { createSecretKeeper, importQueue } from '../../../src/fleet/devices/import/keep-secret.ts';
import { isThingPassError } from '../../../src/model/errors.ts';
import type { PrismaClient } from '../../../src/storage/connections/prisma.ts';
import { ImportRepository } from '../../../src/storage/repositories/import/import-repository.ts';
import { withThingsBoardDevices } from '../../../src/storage/thingsboard/read-devices.ts';
import { derOf } from '../../support/der-of.ts';
import { goldenJson } from '../../support/golden.ts';
import type { VectorStore } from '../../support/memory-store.ts';
import { withoutPostgresql } from '../../support/postgresql.ts';
import { openPrisma } from '../../support/prisma.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { credentialsOfEach } from './support/one-of-each.ts';
import { type ThingsBoardDatabase, thingsBoardDatabase } from './support/thingsboard-database.ts';

const TENANT = '11111111-0000-4000-8000-000000000001';
const OTHER_TENANT = '11111111-0000-4000-8000-000000000002';
const { certificates } = goldenJson<{ certificates: Record<string, string> }>(
  'vectors/thingsboard/x509.json',
);
const LEAF = derOf(certificates.c1 as string);
const [DEFAULT, TOPICS] = [randomUUID(), randomUUID()];
const [GATEWAY, BASIC, CERTIFICATE, BARE] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];

const STORE: VectorStore = {
  profiles: [
    { id: DEFAULT, tenantId: TENANT, name: 'default', transportType: 'DEFAULT', provisionType: 'DISABLED' },
    {
      id: TOPICS,
      tenantId: TENANT,
      name: 'topics',
      transportType: 'MQTT',
      provisionType: 'DISABLED',
      profileData: { transportConfiguration: { type: 'MQTT', deviceTelemetryTopic: 'my/telemetry' } },
    },
  ],
  devices: [
    {
      id: GATEWAY,
      tenantId: TENANT,
      name: 'tb-gateway',
      deviceProfileId: DEFAULT,
      additionalInfo: { gateway: true, description: 'kept' },
    },
    { id: BASIC, tenantId: TENANT, name: 'tb-basic', deviceProfileId: TOPICS },
    { id: CERTIFICATE, tenantId: TENANT, name: 'tb-certificate', deviceProfileId: DEFAULT },
    { id: BARE, tenantId: TENANT, name: 'tb-bare', deviceProfileId: DEFAULT },
  ],
  credentials: credentialsOfEach({ gateway: GATEWAY, basic: BASIC, certificate: CERTIFICATE }, LEAF),
};

describe('a ThingsBoard database', { skip: await withoutPostgresql() }, () => {
  let thingsboard: ThingsBoardDatabase;
  let prisma: PrismaClient;
  let server: TestServer;
  const secrets = createSecretSchemes({ queue: importQueue() });

  before(async () => {
    thingsboard = await thingsBoardDatabase();
    await thingsboard.fill(STORE);
    const file = join(temporaryFolder(), 'own.db');
    server = await startTestServer({ DATABASE_URL: `file:${file}` });
    prisma = await openPrisma({ kind: 'sqlite', file });
  });
  after(async () => {
    await server?.close();
    await prisma?.$disconnect();
    await thingsboard?.drop();
    await secrets.close();
  });

  function importing(tenant?: string): Promise<string[]> {
    return withThingsBoardDevices(thingsboard.location, tenant, async ({ items }) => {
      const lines: string[] = [];
      await importDevices(
        items,
        {
          store: new ImportRepository(prisma, 'sqlite', { name: 'test', origin: 'here' }),
          keeper: createSecretKeeper(secrets.schemes, createKeepPassword(secrets), 'chosen'),
          report: ({ device, outcome, detail }) =>
            lines.push([device, outcome, detail].filter(Boolean).join(' ')),
        },
        {
          importId: randomUUID(),
          format: 'thingsboard',
          defaultProfile: 'default',
          dryRun: false,
          oneCredential: false,
        },
      );
      return lines.sort();
    });
  }

  test('it is imported with ids, profiles and credentials, and its devices connect', async () => {
    assert.deepEqual(await importing(), [
      'tb-bare created',
      'tb-basic created',
      'tb-certificate created',
      'tb-gateway created',
    ]);
    const devices = await prisma.device.findMany({ orderBy: { name: 'asc' } });
    assert.deepEqual(
      devices.map(({ id, name, deviceProfileId, additionalInfo }) => [
        id,
        name,
        deviceProfileId,
        additionalInfo,
      ]),
      [
        [BARE, 'tb-bare', DEFAULT, null],
        [BASIC, 'tb-basic', TOPICS, null],
        [CERTIFICATE, 'tb-certificate', DEFAULT, null],
        [GATEWAY, 'tb-gateway', DEFAULT, '{"gateway":true,"description":"kept"}'],
      ],
    );
    const profile = await prisma.deviceProfile.findUniqueOrThrow({ where: { id: TOPICS } });
    assert.deepEqual(profile.profileData, STORE.profiles[1]?.profileData);
    assert.equal(await prisma.deviceCredentials.count({ where: { deviceId: BARE } }), 0);
    assert.ok((await prisma.certificateName.count()) > 1);

    const connect = async (body: object): Promise<unknown> => {
      const response = await fetch(`${server.url}/v1/connect`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const detail = (await response.json()) as { reason?: string; role?: string; device?: { id: string } };
      return detail.reason ?? [detail.role, detail.device?.id];
    };
    assert.deepEqual(await connect({ username: 'tb-token' }), ['gateway', GATEWAY]);
    assert.deepEqual(await connect({ clientId: 'c', username: 'u', password: 'p' }), ['device', BASIC]);
    const { credentialsValue } = await prisma.deviceCredentials.findFirstOrThrow({
      where: { deviceId: BASIC },
    });
    assert.doesNotMatch(credentialsValue ?? '', /"p"/);
  });

  test('a second run changes nothing, and reports later changes in ThingsBoard', async () => {
    const unchanged = ['tb-bare unchanged', 'tb-basic unchanged', 'tb-certificate unchanged'];
    assert.deepEqual(await importing(), [...unchanged, 'tb-gateway unchanged']);
    await thingsboard.sql(`UPDATE device SET label = 'roof' WHERE id = $1`, [GATEWAY]);
    await thingsboard.sql(`UPDATE device_profile SET profile_data = '{"a":1}' WHERE id = $1`, [TOPICS]);
    assert.deepEqual(await importing(), [...unchanged, 'tb-gateway updated label']);
    const profile = await prisma.deviceProfile.findUniqueOrThrow({ where: { id: TOPICS } });
    assert.deepEqual(profile.profileData, { a: 1 });
  });

  test('devices are read in pages, each exactly once', async () => {
    await thingsboard.sql(
      `INSERT INTO device (id, created_time, tenant_id, name, device_profile_id)
        SELECT gen_random_uuid(), 1, $1, 'many-' || n, $2 FROM generate_series(1, 2300) n`,
      [OTHER_TENANT, DEFAULT],
    );
    const names = new Set<string>();
    await withThingsBoardDevices(thingsboard.location, OTHER_TENANT, async ({ items, total }) => {
      assert.equal(total, 2_300);
      for await (const item of items) if (item.kind === 'device') names.add(item.deviceName);
    });
    assert.equal(names.size, 2_300);
  });

  test('one of several tenants must be named', async () => {
    await assert.rejects(importing(), (error) => {
      assert.ok(isThingPassError(error, 'thingsboard_unreadable'));
      assert.match(error.message, /several tenants have devices; choose one with --tenant/);
      assert.match(error.message, new RegExp(`tenant ${OTHER_TENANT} with 2300 devices`));
      return true;
    });
    await assert.rejects(importing(randomUUID()), /the tenant has no devices/);
    assert.equal((await importing(TENANT)).length, 4);
  });
});
