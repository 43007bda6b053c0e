import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { credentialsIdOf, sha256Of } from '../../../../src/engine/certificates/x509/identity.ts';
import type { CredentialsRequest } from '../../../../src/fleet/devices/new-credentials.ts';
import { type DatabaseClient, databaseClient } from '../../../../src/storage/connections/prisma.ts';
import { migrate } from '../../../../src/storage/migrations/apply.ts';
import {
  type CertificateNameReader,
  openNames,
} from '../../../../src/storage/reading/certificate-name-reader.ts';
import { ChainRepository } from '../../../../src/storage/repositories/profiles/chain-repository.ts';
import { derOf } from '../../../support/der-of.ts';
import { credentialsOf } from '../../../support/device-service.ts';
import { goldenJson } from '../../../support/golden.ts';
import { OpenedDevices } from '../../../support/prisma.ts';
import { onEachDatabase } from '../../support/on-each-database.ts';

const TENANT = '00000000-0000-4000-8000-000000000001';
const PROFILE = '11111111-1111-4111-8111-111111111111';
const OTHER_PROFILE = '22222222-2222-4222-8222-222222222222';

const { certificates } = goldenJson<{ certificates: Record<string, string> }>(
  'vectors/thingsboard/x509.json',
);

function leaf(name: string) {
  const der = derOf(certificates[name] as string);
  return { credentialsId: credentialsIdOf(der), credentialsValue: der.toString('base64') };
}

onEachDatabase((database) => {
  let client: DatabaseClient;
  let chains: ChainRepository;
  let names: CertificateNameReader;
  let devices: OpenedDevices;
  before(async () => {
    await migrate(database.location);
    client = databaseClient(database.location);
    chains = new ChainRepository(client);
    names = openNames(database.location, undefined, 5_000);
    devices = await OpenedDevices.open(database.location);
    const insert = `INSERT INTO device_profile (id, created_time, name, transport_type, provision_type, tenant_id,
      provision_device_key, profile_data) VALUES (?, 1, ?, 'MQTT', ?, ?, ?, ?)`;
    const provisionConfiguration = {
      certificateRegExPattern: '(.*)',
      allowCreateNewDevicesByX509Certificate: true,
    };
    const transportConfiguration = { type: 'MQTT', deviceTelemetryTopic: 't' };
    const data = JSON.stringify({ provisionConfiguration, transportConfiguration });
    await database.sql(insert, PROFILE, 'chain', 'X509_CERTIFICATE_CHAIN', TENANT, 'key', data);
    await database.sql(insert, OTHER_PROFILE, 'other', 'DISABLED', TENANT, 'other key', '{}');
  });
  after(async () => {
    await client.close();
    await names.close();
    await devices.close();
  });

  async function profile() {
    const found = await chains.findProfiles(['nobody', 'key', 'other key']);
    const chain = found.get('key');
    assert.ok(chain);
    return { found, chain };
  }

  async function news(): Promise<string[]> {
    const rows = await database.sql<{ keys: string }>('SELECT keys FROM change ORDER BY seq');
    return rows.map(({ keys }) => keys);
  }

  test('profiles by key, with what their JSON says', async () => {
    const { found, chain } = await profile();
    assert.deepEqual([...found.keys()].sort(), ['key', 'other key']);
    assert.equal(found.get('other key')?.pattern, undefined);
    assert.equal(found.get('other key')?.allowCreate, false);
    assert.deepEqual(
      [
        chain.id,
        chain.provisionType,
        chain.pattern,
        chain.allowCreate,
        chain.transportType,
        chain.topics.telemetry,
      ],
      [PROFILE, 'X509_CERTIFICATE_CHAIN', '(.*)', true, 'MQTT', 't'],
    );
  });

  test('a device is created whole, told of, and found by what its certificate is called', async () => {
    const { chain } = await profile();
    const id = '33333333-3333-4333-8333-333333333333';
    const credentials = leaf('c1');
    assert.equal(await chains.findDevice(chain, 'unit-01'), undefined);
    assert.ok(await chains.create({ id, name: 'unit-01', profile: chain, credentials }));
    const known = await chains.findDevice(chain, 'unit-01');
    assert.equal(known?.device.id, id);
    assert.equal(known?.credentials?.credentialsId, credentials.credentialsId);
    assert.equal(known?.credentials?.credentialsType, 'X509_CERTIFICATE');
    const state = await database.sql('SELECT key, value FROM server_attribute');
    assert.deepEqual({ ...state[0] }, { key: 'provisionState', value: 'provisioned' });
    assert.ok((await news()).some((keys) => keys.includes(credentials.credentialsId)));

    const [record] = await names.findByCertificate({ by: 'name', value: 'unit-01.devices.example.com' });
    assert.equal(record?.credentialsId, credentials.credentialsId);
    assert.equal(record?.device?.profileName, 'chain');
    const sha256 = sha256Of(derOf(certificates.c1 as string));
    assert.equal((await names.findByCertificate({ by: 'sha256', value: sha256 })).length, 1);
    assert.equal((await names.findByCertificate({ by: 'name', value: sha256 })).length, 0);
    assert.equal((await names.findByDeviceName('unit-01'))[0]?.deviceId, id);
    assert.deepEqual(await names.findByDeviceName('nul\0'), []);
  });

  test('a name or certificate in use leaves nothing behind', async () => {
    const { found, chain } = await profile();
    const id = '44444444-4444-4444-8444-444444444444';
    const rows = () => database.sql('SELECT * FROM device');
    const before = (await rows()).length;
    assert.equal(
      await chains.create({ id, name: 'unit-01', profile: chain, credentials: leaf('c2') }),
      false,
    );
    assert.equal(
      await chains.create({ id, name: 'unit-02', profile: chain, credentials: leaf('c1') }),
      false,
    );
    assert.equal((await rows()).length, before);
    const other = found.get('other key');
    assert.ok(other);
    assert.equal(await chains.findDevice(other, 'unit-01'), undefined, 'a device of another profile');
  });

  test('a renewal puts the certificate and its names in the place of the old ones, once', async () => {
    const { chain } = await profile();
    const old = (await chains.findDevice(chain, 'unit-01'))?.credentials;
    assert.ok(old);
    assert.ok(await chains.renew(old, leaf('c3')));
    assert.equal(await chains.renew(old, leaf('c4')), false, 'the row is another by now');
    const renewed = (await chains.findDevice(chain, 'unit-01'))?.credentials;
    assert.equal(renewed?.credentialsId, leaf('c3').credentialsId);
    assert.equal(renewed?.rowId, old.rowId);
    const found = (value: string) => names.findByCertificate({ by: 'name', value });
    assert.equal((await found('unit-01.devices.example.com')).length, 0);
    assert.equal((await found('unit-03.devices.example.com')).length, 1);
    assert.equal((await found('unit-04.devices.example.com')).length, 0);
    const gone = (await news()).flatMap((keys) => (JSON.parse(keys) as { gone?: string[] }).gone ?? []);
    assert.ok(gone.includes(old.credentialsId));
  });

  test('of two at once, one is the first', async () => {
    const { chain } = await profile();
    const tries = Array.from({ length: 8 }, (_, index) =>
      chains.create({
        id: `55555555-5555-4555-8555-55555555555${index}`,
        name: 'unit-05',
        profile: chain,
        credentials: leaf('c5'),
      }),
    );
    const results = await Promise.all(tries);
    assert.equal(results.filter(Boolean).length, 1);
  });

  test('management records the names too, and forgets them with the credentials', async () => {
    const credentials = { credentialsType: 'X509_CERTIFICATE', ...leaf('c6') } as const;
    const device = await devices.create({ name: 'managed', profileName: 'default', credentials });
    const replace = (request: CredentialsRequest) => credentialsOf(devices).set(device.id, request);
    const found = (value: string) => names.findByCertificate({ by: 'name', value });
    assert.equal((await found('unit-06.devices.example.com')).length, 1);
    await replace({ kind: 'x509', certificate: leaf('c7').credentialsValue });
    assert.equal((await found('unit-06.devices.example.com')).length, 0);
    assert.equal((await found('unit-07.devices.example.com')).length, 1);
    await replace({ kind: 'access_token', token: 'tok' });
    assert.equal((await found('unit-07.devices.example.com')).length, 0);
    assert.equal((await names.findByDeviceName('managed'))[0]?.credentialsType, 'ACCESS_TOKEN');
    await replace({ kind: 'x509', certificate: 'no certificate' });
    await replace({ kind: 'x509', certificate: leaf('c8').credentialsValue });
    await devices.remove(device.id);
    const left = await database.sql(
      "SELECT value FROM certificate_name WHERE value = 'unit-08.devices.example.com'",
    );
    assert.equal(left.length, 0);
  });
});
