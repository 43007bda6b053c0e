import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { credentialsIdOf } from '../../src/engine/certificates/x509/identity.ts';
import { isThingPassError } from '../../src/model/errors.ts';
import { migrate } from '../../src/storage/migrations/apply.ts';
import { eventually } from '../storage/support/eventually.ts';
import { FaultyProxy } from '../storage/support/faulty-proxy.ts';
import { credentialsOfEach } from '../storage/thingsboard/support/one-of-each.ts';
import {
  type ThingsBoardDatabase,
  thingsBoardDatabase,
} from '../storage/thingsboard/support/thingsboard-database.ts';
import { derOf } from '../support/der-of.ts';
import { goldenJson } from '../support/golden.ts';
import type { VectorStore } from '../support/memory-store.ts';
import { freshDatabase, type TestDatabase, withoutPostgresql } from '../support/postgresql.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const TENANT = '11111111-0000-4000-8000-000000000001';
const STALENESS_MS = 1_500;
const { certificates } = goldenJson<{ certificates: Record<string, string> }>(
  'vectors/thingsboard/x509.json',
);
const LEAF = derOf(certificates.c1 as string);
const ISSUER = derOf(certificates.inter as string);

const [DEFAULT, TOPICS, CHAIN, OPEN, WAITING] = Array.from({ length: 5 }, () => randomUUID()) as [
  string,
  string,
  string,
  string,
  string,
];
const [GATEWAY, BASIC, CERTIFICATE] = [randomUUID(), randomUUID(), randomUUID()];

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
    {
      id: CHAIN,
      tenantId: TENANT,
      name: 'chain',
      transportType: 'DEFAULT',
      provisionType: 'X509_CERTIFICATE_CHAIN',
      provisionDeviceKey: credentialsIdOf(ISSUER),
      profileData: {
        provisionConfiguration: {
          certificateRegExPattern: '(.*)',
          allowCreateNewDevicesByX509Certificate: true,
        },
      },
    },
    ...(
      [
        [OPEN, 'open', 'ALLOW_CREATE_NEW_DEVICES'],
        [WAITING, 'waiting', 'CHECK_PRE_PROVISIONED_DEVICES'],
      ] as const
    ).map(([id, name, provisionType]) => ({
      ...({ id, tenantId: TENANT, name, transportType: 'DEFAULT', provisionType } as const),
      provisionDeviceKey: `key-${name}`,
      profileData: { provisionConfiguration: { provisionDeviceSecret: `secret-${name}` } },
    })),
  ],
  devices: [
    { id: randomUUID(), tenantId: TENANT, name: 'tb-waiting', deviceProfileId: WAITING },
    {
      id: GATEWAY,
      tenantId: TENANT,
      name: 'tb-gateway',
      deviceProfileId: DEFAULT,
      additionalInfo: { gateway: true },
    },
    { id: BASIC, tenantId: TENANT, name: 'tb-basic', deviceProfileId: TOPICS },
    { id: CERTIFICATE, tenantId: TENANT, name: 'tb-certificate', deviceProfileId: DEFAULT },
  ],
  credentials: credentialsOfEach({ gateway: GATEWAY, basic: BASIC, certificate: CERTIFICATE }, LEAF),
};

interface Answer {
  readonly result: string;
  readonly reason?: string;
  readonly role?: string;
  readonly device?: { readonly id: string; readonly name: string };
}

describe('a server on ThingsBoard’s database', { skip: await withoutPostgresql() }, () => {
  let thingsboard: ThingsBoardDatabase;
  let own: TestDatabase;
  let proxies: { readonly thingsboard: FaultyProxy; readonly own: FaultyProxy };
  let server: TestServer;

  before(async () => {
    thingsboard = await thingsBoardDatabase();
    await thingsboard.fill(STORE);
    own = await freshDatabase();
    await migrate(own.location);
    const devices = await OpenedDevices.open(own.location);
    await devices.create({
      name: 'ours',
      profileName: 'default',
      credentials: { credentialsType: 'ACCESS_TOKEN', credentialsId: 'our-token', credentialsValue: null },
    });
    await devices.close();
    const { port } = new URL(own.location.url);
    proxies = {
      thingsboard: await FaultyProxy.start(Number(port || 5432)),
      own: await FaultyProxy.start(Number(port || 5432)),
    };
    server = await startTestServer({
      DATABASE_URL: proxies.own.through(own.location.url),
      THINGPASS_THINGSBOARD_DATABASE_URL: proxies.thingsboard.through(thingsboard.location.url),
      THINGPASS_THINGSBOARD_STALENESS_MS: String(STALENESS_MS),
      THINGPASS_SECRET: 'secret-for-this-test',
      THINGPASS_PROVISION_BROKERS: 'generic',
      THINGPASS_CERTIFICATE_FORMS: 'generic:generic_certificate',
    });
  });
  after(async () => {
    await server?.close();
    proxies?.own.close();
    proxies?.thingsboard.close();
    await thingsboard?.drop();
    await own?.drop();
  });

  async function ask(path: string, body: object): Promise<Answer> {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-thingpass-secret': 'secret-for-this-test' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Answer;
  }
  const connect = (body: object): Promise<Answer> => ask('/v1/connect', body);
  const byToken = (username: string): Promise<Answer> => connect({ clientId: 'any', username });
  const describeOverlap = ({ result, reason, device }: Answer): string =>
    `${result} ${reason ?? device?.name}`;
  async function readiness(): Promise<string> {
    const response = await fetch(`${server.url}/readyz`);
    const { status, problems = [] } = (await response.json()) as { status: string; problems?: string[] };
    return [response.status, status, ...problems].join(' ');
  }
  /**
   * Asks until the answer is this.
   * @param withinMs when the last question may have been asked that was answered otherwise.
   * @returns when it was, in milliseconds from now.
   */
  async function until(ask: () => Promise<Answer>, expected: string, withinMs: number): Promise<number> {
    const begun = performance.now();
    let lastOther = 0;
    await eventually(async () => {
      const asked = performance.now() - begun;
      const answer = describeOverlap(await ask());
      if (answer !== expected) lastOther = asked;
      assert.equal(answer, expected);
    }, 30_000);
    assert.ok(lastOther <= withinMs, `still otherwise after ${lastOther} ms`);
    return lastOther;
  }

  test('a token, a basic and an X.509 device are served by a user that may only read', async () => {
    const gateway = await byToken('tb-token');
    assert.deepEqual([gateway.result, gateway.device?.id, gateway.role], ['allow', GATEWAY, 'gateway']);
    const basic = await connect({ clientId: 'c', username: 'u', password: 'p' });
    assert.deepEqual([basic.result, basic.device?.id, basic.role], ['allow', BASIC, 'device']);
    const wrong = await connect({ clientId: 'c', username: 'u', password: 'x' });
    assert.equal(describeOverlap(wrong), 'deny password_mismatch');
    const certificate = await connect({ certificate: certificates.c1, certificateVerified: true });
    assert.deepEqual([certificate.result, certificate.device?.id], ['allow', CERTIFICATE]);
    assert.equal(describeOverlap(await byToken('our-token')), 'allow ours');
    assert.equal(describeOverlap(await byToken('nobody’s')), 'deny credentials_unknown');
  });

  test('topics of the profile come from its tables', async () => {
    const asked = { clientId: 'c', username: 'u', password: 'p', action: 'publish' };
    assert.equal((await ask('/v1/authorize', { ...asked, topic: 'my/telemetry' })).result, 'allow');
    const other = await ask('/v1/authorize', { ...asked, topic: 'v1/devices/me/telemetry' });
    assert.equal(describeOverlap(other), 'deny topic_not_allowed');
  });

  test('what would have to be written there is refused, with that reason', async () => {
    const rows = () =>
      thingsboard.sql('SELECT id FROM device UNION SELECT id FROM device_credentials ORDER BY 1');
    const before = await rows();
    const chain = { certificateChain: [certificates.inter, certificates.root], certificateVerified: true };
    const created = await connect({ certificate: certificates.c10, ...chain });
    assert.equal(describeOverlap(created), 'deny thingsboard_read_only');
    for (const name of ['open', 'waiting']) {
      const request = { provisionDeviceKey: `key-${name}`, deviceName: 'tb-waiting' };
      const detail = (secret: string) =>
        ask('/api/v1/provision', { ...request, provisionDeviceSecret: secret });
      const { status, code, errorMsg } = (await detail(`secret-${name}`)) as unknown as Record<
        string,
        string
      >;
      assert.deepEqual([status, code], ['FAILURE', 'thingsboard_read_only']);
      assert.match(errorMsg ?? '', /do it in ThingsBoard/);
      assert.equal(((await detail('wrong')) as unknown as Record<string, string>).status, 'NOT_FOUND');
    }
    assert.deepEqual(await rows(), before);
  });

  test('nothing is written there, whatever the user may do', async () => {
    const url = new URL(thingsboard.location.url);
    url.username = 'postgres';
    const { openPostgresqlReader } = await import('../../src/storage/reading/postgresql-reader.ts');
    const reader = openPostgresqlReader(
      { kind: 'postgresql', url: url.toString() },
      {
        connections: 1,
        answerMs: 5_000,
        readOnly: true,
        tables: { rowId: 'NULL', endsOthers: 'FALSE', joins: '; DELETE FROM device_credentials; --' },
      },
    );
    await assert.rejects(reader.read(['tb-token']));
    await reader.close();
    assert.equal((await thingsboard.sql('SELECT 1 FROM device_credentials')).length, 3);
  });

  test('a change without a trigger is obeyed within the staleness', async () => {
    assert.equal(describeOverlap(await byToken('tb-token')), 'allow tb-gateway');
    await thingsboard.sql(
      "UPDATE device_credentials SET credentials_id = 'tb-token-2' WHERE credentials_id = 'tb-token'",
    );
    const took = await until(() => byToken('tb-token'), 'deny credentials_unknown', STALENESS_MS);
    console.log(`without trigger: obeyed after ${took.toFixed(0)} ms, bound ${STALENESS_MS} ms`);
    assert.equal(describeOverlap(await byToken('tb-token-2')), 'allow tb-gateway');
  });

  test('with the trigger a change is obeyed at once', async () => {
    await thingsboard.run('notify.sql');
    await thingsboard.run('notify.sql');
    const { sql } = thingsboard;
    /** Known just now, so that only the trigger can be what forgets it. */
    async function told(change: string, ask: () => Promise<Answer>, expected: string): Promise<number> {
      await wait(20);
      await ask();
      await sql(change);
      return until(ask, expected, STALENESS_MS / 2);
    }
    const rename = (from: string, to: string): string =>
      `UPDATE device_credentials SET credentials_id = '${to}' WHERE credentials_id = '${from}'`;
    const took = [
      await told(rename('tb-token-2', 'tb-token-3'), () => byToken('tb-token-2'), 'deny credentials_unknown'),
      await told(rename('tb-token-3', 'tb-token-4'), () => byToken('tb-token-4'), 'allow tb-gateway'),
      await told(
        "UPDATE device SET name = 'tb-renamed' WHERE name = 'tb-gateway'",
        () => byToken('tb-token-4'),
        'allow tb-renamed',
      ),
      await told(
        "UPDATE device_profile SET transport_type = 'COAP' WHERE name = 'topics'",
        () => connect({ clientId: 'c', username: 'u', password: 'p' }),
        'deny profile_transport_mismatch',
      ),
      await told(
        "UPDATE device_profile SET transport_type = 'MQTT' WHERE name = 'topics'",
        () => connect({ clientId: 'c', username: 'u', password: 'p' }),
        'allow tb-basic',
      ),
      await told(
        "DELETE FROM device_credentials WHERE credentials_id = 'tb-token-4'",
        () => byToken('tb-token-4'),
        'deny credentials_unknown',
      ),
      await told(
        `INSERT INTO device_credentials (id, created_time, device_id, credentials_type, credentials_id)
          VALUES (gen_random_uuid(), 1, '${GATEWAY}', 'ACCESS_TOKEN', 'tb-token-5')`,
        () => byToken('tb-token-5'),
        'allow tb-renamed',
      ),
      await told(
        // More than a notification holds, and more than are named one by one.
        `INSERT INTO device_credentials (id, created_time, device_id, credentials_type, credentials_id)
          SELECT gen_random_uuid(), 1, gen_random_uuid(), 'ACCESS_TOKEN', 'many-' || n FROM generate_series(1, 3500) n`,
        () => byToken('many-7'),
        'deny device_missing',
      ),
      await told(
        `DELETE FROM device_credentials WHERE credentials_id LIKE 'many-%' AND credentials_id < 'many-2'`,
        () => byToken('many-17'),
        'deny credentials_unknown',
      ),
      await told('TRUNCATE device_credentials', () => byToken('tb-token-5'), 'deny credentials_unknown'),
    ];
    console.log(`with trigger: obeyed after ${took.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    await thingsboard.run('remove-notify.sql');
    const left = await sql(
      "SELECT 1 FROM pg_proc WHERE proname LIKE 'thingpass%' UNION SELECT 1 FROM pg_trigger WHERE tgname LIKE 'thingpass%'",
    );
    assert.deepEqual(left, []);
    await thingsboard.fill(STORE);
  });

  test('a trigger that fails fails no write of ThingsBoard’s, and its word names no token', async () => {
    await thingsboard.run('notify.sql');
    const heard: string[] = [];
    const { default: pg } = await import('pg');
    const listener = new pg.Client({ connectionString: thingsboard.location.url });
    await listener.connect();
    listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await listener.query('LISTEN thingpass_thingsboard');
    await thingsboard.sql(
      "UPDATE device_credentials SET credentials_id = 'tb-other' WHERE credentials_id = 'tb-token'",
    );
    await eventually(async () => assert.ok(heard.length > 0));
    await listener.end();
    assert.ok(heard[0]?.includes(GATEWAY) && !heard[0].includes('tb-other'), heard[0]);
    await thingsboard.sql('DROP FUNCTION thingpass_tell_devices');
    await thingsboard.sql(
      "UPDATE device_credentials SET credentials_id = 'tb-token' WHERE credentials_id = 'tb-other'",
    );
    await thingsboard.run('remove-notify.sql');
    await wait(STALENESS_MS);
    assert.equal(describeOverlap(await byToken('tb-token')), 'allow tb-gateway');
  });

  test('while ThingsBoard’s database is gone: the known of both are admitted, nobody is unknown', async () => {
    for (const token of ['tb-token', 'our-token', 'nobody’s']) await byToken(token);
    await proxies.thingsboard.become('down');
    await wait(STALENESS_MS);
    assert.equal(describeOverlap(await byToken('tb-token')), 'allow tb-gateway');
    assert.equal(describeOverlap(await byToken('our-token')), 'allow ours');
    for (const token of ['nobody’s', 'never asked for'])
      assert.equal(describeOverlap(await byToken(token)), 'unavailable storage_unavailable', token);
    assert.equal(await readiness(), '200 degraded thingsboard_unavailable');
    await proxies.thingsboard.become('none');
    await until(() => byToken('never asked for'), 'deny credentials_unknown', 3_000);
    await eventually(async () => assert.equal(await readiness(), '200 ok'), 3_000);
  });

  test('while our own is gone: ThingsBoard’s devices are admitted as ever, nobody is unknown', async () => {
    await byToken('our-token');
    await proxies.own.become('down');
    await wait(1_000);
    assert.equal(
      describeOverlap(await connect({ clientId: randomUUID(), username: 'tb-token' })),
      'allow tb-gateway',
    );
    assert.equal(
      describeOverlap(await connect({ certificate: certificates.c1, certificateVerified: true })),
      'allow tb-certificate',
    );
    assert.equal(describeOverlap(await byToken('our-token')), 'allow ours');
    assert.equal(describeOverlap(await byToken('another stranger')), 'unavailable storage_unavailable');
    const unknown = await connect({ certificate: certificates.c2, certificateVerified: true });
    assert.equal(describeOverlap(unknown), 'unavailable storage_unavailable');
    assert.match(await readiness(), /^200 degraded .*storage_unavailable/);
    await proxies.own.become('none');
    await until(() => byToken('another stranger'), 'deny credentials_unknown', 3_000);
    await eventually(async () => assert.equal(await readiness(), '200 ok'), 3_000);
  });
});

describe('ThingsBoard’s database as it should not be', { skip: await withoutPostgresql() }, () => {
  let thingsboard: ThingsBoardDatabase;
  before(async () => {
    thingsboard = await thingsBoardDatabase();
  });
  after(() => thingsboard.drop());

  /** What the start says, for people. */
  async function detail(
    change: (sql: ThingsBoardDatabase['sql']) => Promise<unknown>,
    url = thingsboard.location.url,
  ) {
    await change(thingsboard.sql);
    const environment = { THINGPASS_THINGSBOARD_DATABASE_URL: url };
    const outcome: unknown = await startTestServer(environment).then(
      (server) => server.close(),
      (error: unknown) => error,
    );
    if (outcome === undefined) return undefined;
    assert.ok(isThingPassError(outcome, 'thingsboard_unreadable'), String(outcome));
    assert.ok(!outcome.message.includes('only-for-this-test'));
    return outcome.data.problems.join('\n');
  }
  /** The statement that the message names mends it. */
  async function mended(problem: string | undefined): Promise<void> {
    const [grant] = /GRANT .*? TO [\w"]+/.exec(problem ?? '') ?? [];
    assert.ok(grant, problem);
    assert.equal(await detail((sql) => sql(grant)), undefined);
  }

  test('a missing grant is named, with the statement that mends it', async () => {
    const { user } = thingsboard;
    await mended(
      await detail((sql) => sql(`REVOKE SELECT (credentials_value) ON device_credentials FROM ${user}`)),
    );
    await mended(await detail((sql) => sql(`REVOKE USAGE ON SCHEMA public FROM ${user}, public`)));
    const database = new URL(thingsboard.location.url).pathname.slice(1);
    await mended(await detail((sql) => sql(`REVOKE CONNECT ON DATABASE ${database} FROM ${user}, public`)));
  });

  test('a missing column, table or server is named', async () => {
    const column = await detail((sql) => sql('ALTER TABLE device_profile RENAME provision_type TO other'));
    assert.match(column ?? '', /device_profile has no column provision_type/);
    await thingsboard.sql('ALTER TABLE device_profile RENAME other TO provision_type');
    const table = await detail((sql) => sql('ALTER TABLE device_profile RENAME TO other'));
    assert.match(table ?? '', /no table device_profile in the database/);
    await thingsboard.sql('ALTER TABLE other RENAME TO device_profile');
    const url = new URL(thingsboard.location.url);
    url.port = '1';
    assert.match((await detail(async () => undefined, url.toString())) ?? '', /no connection to 127.0.0.1:1/);
    url.port = new URL(thingsboard.location.url).port;
    url.password = 'wrong';
    // Servers that trust this machine ask for no password.
    await detail(async () => undefined, url.toString());
  });
});
