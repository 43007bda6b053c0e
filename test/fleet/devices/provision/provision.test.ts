import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../../src/engine/credentials/verify-secret.ts';
import { provision } from '../../../../src/fleet/devices/provision/provision.ts';
import { provisionResponseJson } from '../../../../src/fleet/devices/provision/provision-response.ts';
import type { ProvisionStore } from '../../../../src/fleet/devices/provision/provision-store.ts';
import type { PrismaClient } from '../../../../src/storage/connections/prisma.ts';
import { migrate } from '../../../../src/storage/migrations/apply.ts';
import { ProvisionRepository } from '../../../../src/storage/repositories/devices/provision-repository.ts';
import { openPrisma } from '../../../support/prisma.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const location = { kind: 'sqlite', file: join(temporaryFolder(), 'provision.db') } as const;
const TENANT = '11111111-0000-4000-8000-000000000001';

let prisma: PrismaClient;
/** Of two processes. */
let clients: readonly [PrismaClient, PrismaClient];
let stores: readonly [ProvisionRepository, ProvisionRepository];
before(async () => {
  await migrate(location);
  prisma = await openPrisma(location);
  clients = [prisma, await openPrisma(location)];
  stores = [new ProvisionRepository(clients[0]), new ProvisionRepository(clients[1])];
  const common = { createdTime: 0n, tenantId: TENANT, transportType: 'DEFAULT' };
  const profile = (id: string, provisionType: string) => ({
    ...common,
    id,
    name: id,
    provisionType,
    provisionDeviceKey: `key-${id}`,
    profileData: { provisionConfiguration: { type: provisionType, provisionDeviceSecret: `secret-${id}` } },
  });
  await prisma.deviceProfile.createMany({
    data: [profile('new', 'ALLOW_CREATE_NEW_DEVICES'), profile('old', 'CHECK_PRE_PROVISIONED_DEVICES')],
  });
});
after(() => Promise.all(clients.map((client) => client.$disconnect())));

const asNew = (more: object) => ({
  provisionDeviceKey: 'key-new',
  provisionDeviceSecret: 'secret-new',
  ...more,
});
const asOld = (more: object) => ({
  provisionDeviceKey: 'key-old',
  provisionDeviceSecret: 'secret-old',
  ...more,
});

async function statuses(requests: readonly object[]): Promise<string[]> {
  const answers = await Promise.all(
    requests.map((request, at) => provision(request, stores[at % 2] as ProvisionStore)),
  );
  return answers.map(({ status }) => status).sort();
}

describe('two requests at once', () => {
  it('make one device of a name, and nothing of the other', async () => {
    const requests = Array.from({ length: 8 }, (_, at) => asNew({ deviceName: 'twin', token: `twin-${at}` }));
    assert.deepEqual(await statuses(requests), [...Array(7).fill('FAILURE'), 'SUCCESS']);
    const left = await prisma.deviceCredentials.findMany({
      where: { credentialsId: { startsWith: 'twin-' } },
    });
    assert.equal(left.length, 1);
    assert.equal(await prisma.device.count({ where: { name: 'twin' } }), 1);
  });

  it('make one device of a token, all over the installation', async () => {
    const requests = Array.from({ length: 8 }, (_, at) => asNew({ deviceName: `t-${at}`, token: 'shared' }));
    assert.deepEqual(await statuses(requests), [...Array(7).fill('FAILURE'), 'SUCCESS']);
    assert.equal(await prisma.device.count({ where: { name: { startsWith: 't-' } } }), 1);
  });

  it('claim a waiting device once', async () => {
    const id = 'd0000000-0000-4000-8000-000000000001';
    await prisma.device.create({
      data: { id, createdTime: 0n, tenantId: TENANT, name: 'waiting', deviceProfileId: 'old' },
    });
    const token = { credentialsType: 'ACCESS_TOKEN', credentialsId: 'waiting-token' };
    await prisma.deviceCredentials.create({ data: { id, createdTime: 0n, deviceId: id, ...token } });
    const requests = Array.from({ length: 8 }, () => asOld({ deviceName: 'waiting' }));
    assert.deepEqual(await statuses(requests), [...Array(7).fill('FAILURE'), 'SUCCESS']);
    assert.equal(await prisma.serverAttribute.count({ where: { deviceId: id } }), 1);
  });
});

describe('a request', () => {
  const [key, secret] = ['provisionDeviceKey', 'provisionDeviceSecret'];

  it('that is none is a failure that says what is missing, and nothing that it held', async () => {
    for (const [request, message] of [
      [undefined, /not a JSON object/],
      [null, /not a JSON object/],
      ['{"provisionDeviceKey":"s3cret"}', /not a JSON object/],
      [[asNew({})], /not a JSON object/],
      [{ [secret as string]: 's3cret' }, /provisionDeviceKey is missing/],
      [{ [key as string]: 's3cret' }, /provisionDeviceSecret is missing/],
      [asNew({ deviceName: { s3cret: 1 } }), /deviceName is not a text/],
      [asNew({ credentialsType: 's3cret' }), /credentialsType must be one of/],
    ] as const) {
      const response = await provision(request, stores[0]);
      assert.ok(response.status === 'FAILURE');
      assert.match(response.errorMsg, message);
      assert.doesNotMatch(response.errorMsg, /s3cret/);
    }
  });

  it('with a name of no-break blanks makes no device', async () => {
    assert.deepEqual(await statuses([asNew({ deviceName: '\u00a0' })]), ['FAILURE']);
  });

  it('may have numbers and booleans for texts, and null for nothing', async () => {
    const response = await provision(
      asNew({ deviceName: 7, token: 42, hash: null, gateway: 'true' }),
      stores[0],
    );
    assert.deepEqual(response, {
      status: 'SUCCESS',
      credentialsType: 'ACCESS_TOKEN',
      credentialsValue: '42',
    });
    const device = await prisma.device.findFirst({ where: { name: '7' } });
    assert.equal(device?.additionalInfo, '{"gateway":true}');
  });

  it('with text that no database holds alike is refused without a query', async () => {
    const asked: string[] = [];
    const spy = new Proxy({} as ProvisionStore, { get: (_, name) => asked.push(String(name)) });
    for (const bad of ['\0', 'a\0b', '\ud800', 'b\udc00']) {
      const unknown = { provisionDeviceKey: bad, provisionDeviceSecret: 'x' };
      assert.equal((await provision(unknown, spy)).status, 'NOT_FOUND');
      assert.deepEqual(asked, []);
      for (const more of [
        { deviceName: bad + bad },
        { token: bad },
        { credentialsType: 'X509_CERTIFICATE', hash: bad },
      ]) {
        assert.equal((await provision(asNew(more), stores[0])).status, 'FAILURE');
      }
      assert.equal((await provision(asOld({ deviceName: `x${bad}x` }), stores[0])).status, 'FAILURE');
    }
  });

  it('with a name that is too long, or holds a control character, is refused', async () => {
    for (const deviceName of ['x'.repeat(256), 'a\nb', 'a\tb', 'a\u0085b']) {
      assert.equal((await provision(asNew({ deviceName }), stores[0])).status, 'FAILURE');
    }
    assert.equal((await provision(asNew({ deviceName: 'x'.repeat(255) }), stores[0])).status, 'SUCCESS');
  });

  it('of any kind gets an answer, as long as the store gives one', async () => {
    const names = [
      'deviceName',
      key,
      secret,
      'credentialsType',
      'token',
      'clientId',
      'username',
      'hash',
      'gateway',
    ];
    const keys = fc.constantFrom(...(names as string[]));
    const request = fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.oneof(fc.jsonValue(), fc.string())));
    const empty: ProvisionStore = {
      findProfile: async () => undefined,
      findDevice: async () => undefined,
      createDevice: async () => true,
      markProvisioned: async () => true,
    };
    await fc.assert(
      fc.asyncProperty(request, async (value) => {
        const { status } = await provision(value, empty);
        assert.ok(status === 'FAILURE' || status === 'NOT_FOUND');
      }),
    );
  });

  it('that the store cannot answer is no refusal', async () => {
    const down = new Proxy({} as ProvisionStore, { get: () => () => Promise.reject(new Error('down')) });
    await assert.rejects(provision(asNew({}), down), /down/);
  });
});

describe('the answer on the wire', () => {
  const success = (
    credentialsType: 'ACCESS_TOKEN' | 'MQTT_BASIC' | 'LWM2M_CREDENTIALS',
    credentialsValue: string,
  ) => provisionResponseJson({ status: 'SUCCESS', credentialsType, credentialsValue });

  it('holds a token as text, basic credentials as an object, LwM2M not at all', () => {
    assert.deepEqual(success('ACCESS_TOKEN', 't'), {
      credentialsValue: 't',
      credentialsType: 'ACCESS_TOKEN',
      status: 'SUCCESS',
    });
    const basic = { clientId: 'c', userName: 'u', password: 'p' };
    assert.deepEqual(success('MQTT_BASIC', JSON.stringify(basic))?.credentialsValue, basic);
    assert.ok(!('credentialsValue' in (success('LWM2M_CREDENTIALS', '{}') ?? {})));
  });

  it('does not hold what stands in the place of a hashed password, and bears an unreadable value', () => {
    const kept = JSON.stringify({ clientId: null, userName: 'u', password: PASSWORD_KEPT_ELSEWHERE });
    assert.deepEqual(success('MQTT_BASIC', kept)?.credentialsValue, {
      clientId: null,
      userName: 'u',
      password: null,
    });
    assert.equal(success('MQTT_BASIC', 'junk')?.credentialsValue, 'junk');
  });

  it('is a status and a message for a refusal, and nothing where ThingsBoard says nothing', async () => {
    const refused = provisionResponseJson(
      await provision(asNew({ provisionDeviceSecret: 'wrong' }), stores[0]),
    );
    assert.deepEqual(refused, { errorMsg: 'Provision data was not found!', status: 'NOT_FOUND' });
    assert.equal(provisionResponseJson({ status: 'NO_RESPONSE' }), undefined);
  });
});
