import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createKeepPassword } from '../../../../src/engine/secrets/keep-password.ts';
import { createSecretSchemes } from '../../../../src/engine/secrets/secret-schemes.ts';
import { importDevices } from '../../../../src/fleet/devices/import/import-devices.ts';
import { counting, type LineReport } from '../../../../src/fleet/devices/import/import-report.ts';
import {
  createSecretKeeper,
  importQueue,
  type PasswordKind,
} from '../../../../src/fleet/devices/import/keep-secret.ts';
import {
  type ImportFormat,
  type ImportOptions,
  readImport,
} from '../../../../src/fleet/devices/import/read-import.ts';
import type { Chunks } from '../../../../src/fleet/devices/import/text.ts';
import type { PrismaClient } from '../../../../src/storage/connections/prisma.ts';
import { migrate } from '../../../../src/storage/migrations/apply.ts';
import { ImportRepository } from '../../../../src/storage/repositories/import/import-repository.ts';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { goldenJson } from '../../../support/golden.ts';
import { without } from '../../../support/machine.ts';
import { openPrisma } from '../../../support/prisma.ts';
import { startTestServer, type TestServer } from '../../../support/server.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { fixture } from './support.ts';

const ACTOR = { name: 'test', origin: 'here' };
const { certificates } = goldenJson<{ certificates: Record<string, string> }>(
  'vectors/thingsboard/x509.json',
);

interface Wish extends ImportOptions {
  readonly dryRun?: boolean;
  readonly oneCredential?: boolean;
  readonly passwords?: PasswordKind;
}

onEachDatabase((database) => {
  let prisma: PrismaClient;
  let server: TestServer;
  const secrets = createSecretSchemes({
    queue: importQueue(),
    chosen: { scheme: 'scrypt', ln: 4, r: 8, p: 1 },
  });
  before(async () => {
    await migrate(database.location);
    prisma = await openPrisma(database.location);
    const { location } = database;
    server = await startTestServer({
      DATABASE_URL: location.kind === 'sqlite' ? `file:${location.file}` : location.url,
    });
  });
  after(async () => {
    await server?.close();
    await prisma?.$disconnect();
    await secrets.close();
  });

  /** What became of each line, in the order of the lines: `5 refused why`. */
  async function importing(format: ImportFormat, chunks: Chunks, request: Wish = {}): Promise<string[]> {
    const { dryRun = false, passwords = 'chosen', oneCredential = false, ...options } = request;
    const lines: LineReport[] = [];
    const { report } = counting((line) => lines.push(line));
    await importDevices(
      readImport(format, chunks, options),
      {
        store: new ImportRepository(prisma, database.location.kind, ACTOR),
        keeper: createSecretKeeper(secrets.schemes, createKeepPassword(secrets), passwords),
        report,
      },
      { importId: randomUUID(), format, defaultProfile: 'default', dryRun, oneCredential },
    );
    return lines
      .sort((one, other) => one.line - other.line)
      .map(({ line, outcome, detail }) => [line, outcome, detail].filter(Boolean).join(' '));
  }

  async function connect(username: string, password?: string, clientId?: string): Promise<string> {
    const response = await fetch(`${server.url}/v1/connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password, clientId }),
    });
    const detail = (await response.json()) as { reason?: string; device?: { name: string } };
    return detail.reason ?? `allow ${detail.device?.name}`;
  }

  async function connects(expected: string, username: string, password?: string): Promise<void> {
    const end = performance.now() + 5_000;
    for (;;) {
      const detail = await connect(username, password);
      if (detail === expected) return;
      assert.ok(performance.now() < end, `${username} is told ${detail}, not ${expected}`);
      await wait(20);
    }
  }

  const count = async (table: string): Promise<number> =>
    Number((await database.sql<{ count: number }>(`SELECT count(*) AS count FROM ${table}`))[0]?.count);

  test('unusable lines are reported and the others imported; a second run changes nothing', async () => {
    const first = await importing('csv', fixture('devices.csv'));
    assert.deepEqual(
      first.map((line) => line.split(' ', 2).join(' ')),
      [
        ...['2 created', '3 created', '4 created', '5 refused', '6 refused', '7 created'],
        ...['17 refused', '18 refused', '19 refused', '20 created'],
      ],
    );
    const rows = [
      await count('device'),
      await count('device_credentials'),
      await count('credentials_secret'),
    ];
    assert.deepEqual(rows, [5, 5, 2]);
    await connects('allow meter-1', 'A1_TEST_TOKEN');
    await connects('allow meter-2', 'meter-2', 'with "quotes", comma');
    await connects('password_mismatch', 'meter-2', 'with "quotes"');
    await connects('credentials_unknown', 'meter-4');
    const values = await database.sql<{ credentials_value: string }>(
      `SELECT credentials_value FROM device_credentials WHERE credentials_type = 'MQTT_BASIC'`,
    );
    assert.ok(values.every((row) => !row.credentials_value.includes('quotes')));

    const again = await importing('csv', fixture('devices.csv'));
    assert.deepEqual(
      again.filter((line) => !line.includes('refused')),
      ['2 unchanged', '3 unchanged', '4 unchanged', '7 unchanged', '20 unchanged'],
    );
    const now = [await count('device'), await count('device_credentials'), await count('credentials_secret')];
    assert.deepEqual(now, rows);
  });

  test('differences are changed and reported; absent fields stay', async () => {
    const head = 'name,profile,label,gateway,accessToken,userName,password,notAfter\n';
    const line = (...fields: string[]) => `${fields.join(',')}\n`;
    const file = (password: string, label: string) =>
      `${head}${line('pump', 'pumps', label, 'yes', '', 'pump', password, '2040-01-01')}`;
    assert.deepEqual(await importing('csv', [file('one', 'a')]), ['2 created']);
    await database.sql(
      `UPDATE device SET additional_info = '{"gateway":true,"description":"kept"}' WHERE name = 'pump'`,
    );
    assert.deepEqual(await importing('csv', [file('one', 'a')]), ['2 unchanged']);
    assert.deepEqual(await importing('csv', [file('two', 'b')]), ['2 updated label, password']);
    await connects('allow pump', 'pump', 'two');
    await connects('password_mismatch', 'pump', 'one');
    const other = `${head}${line('pump', 'valves', '', 'no', 'PUMP_TOKEN', '', '', '')}`;
    assert.deepEqual(await importing('csv', [other]), [
      '2 updated gateway, profile, credentials added to the existing ones',
    ]);
    await connects('allow pump', 'PUMP_TOKEN');
    await connects('allow pump', 'pump', 'two');
    const [row] = await database.sql<{ label: string; type: string; additional_info: string }>(
      `SELECT label, type, additional_info FROM device WHERE name = 'pump'`,
    );
    assert.deepEqual([row?.label, row?.type], ['b', 'valves']);
    assert.deepEqual(JSON.parse(row?.additional_info ?? ''), { gateway: false, description: 'kept' });
    const past = `${head}${line('pump', '', '', '', '', 'pump', 'two', '2020-01-01')}`;
    assert.deepEqual(await importing('csv', [past]), ['2 updated validity']);
    await connects('credentials_expired', 'pump', 'two');
  });

  test('credentials of another device are refused with its name, also within a file', async () => {
    const file = ['{"name":"first","accessToken":"SAME"}\n{"name":"second","accessToken":"SAME"}\n'];
    const detail = await importing('jsonl', file);
    assert.equal(detail[0], '1 created');
    assert.match(
      detail[1] ?? '',
      /^2 refused the credentials already belong to device first \([0-9a-f-]{36}\)$/,
    );
    const twice = ['{"name":"third","accessToken":"T1"}\n{"name":"third","accessToken":"T2"}\n'];
    assert.deepEqual(await importing('jsonl', twice), [
      '1 created',
      '2 updated credentials added to the existing ones',
    ]);
  });

  test('with one credential per device, the file’s replaces the others', async () => {
    const file = (token: string) => [`{"name":"single","accessToken":"${token}"}\n`];
    assert.deepEqual(await importing('jsonl', file('OLD_ONE')), ['1 created']);
    await connects('allow single', 'OLD_ONE');
    const detail = await importing('jsonl', file('NEW_ONE'), { oneCredential: true });
    assert.deepEqual(detail, ['1 updated credentials replaced']);
    await connects('allow single', 'NEW_ONE');
    await connects('credentials_unknown', 'OLD_ONE');
  });

  test('a dry run reports the same and writes nothing', async () => {
    const before = [await count('device'), await count('device_profile'), await count('audit_event')];
    const file = ['{"name":"dry","profile":"dry","userName":"dry","password":"long enough"}\n'];
    assert.deepEqual(await importing('jsonl', file, { dryRun: true }), ['1 created']);
    const now = [await count('device'), await count('device_profile'), await count('audit_event')];
    assert.deepEqual(now, before);
  });

  test('random passwords get the fast hash only if they are long; plain ones stay until a login', async () => {
    const user = (name: string, password: string) =>
      `${JSON.stringify({ name, userName: name, password })}\n`;
    const random = [user('made', 'h3Qv9TnXw2LmZr8KcBpY'), user('short', 'h3Qv9TnX')];
    await importing('jsonl', random, { passwords: 'random' });
    const hashOf = async (name: string) =>
      (
        await database.sql<{ hash: string }>(
          `SELECT hash FROM credentials_secret s JOIN device_credentials c ON c.id = s.device_credentials_id
            WHERE c.credentials_id = ?`,
          name,
        )
      )[0]?.hash;
    assert.match((await hashOf('made')) ?? '', /^\$hmac-sha256\$/);
    assert.match((await hashOf('short')) ?? '', /^\$scrypt\$/);
    await importing('jsonl', [user('plain', 'not hashed')], { passwords: 'plain' });
    assert.equal(await hashOf('plain'), undefined);
    await connects('allow made', 'made', 'h3Qv9TnXw2LmZr8KcBpY');
    await connects('allow short', 'short', 'h3Qv9TnX');
    assert.deepEqual(await importing('jsonl', [user('plain', 'not hashed')]), ['1 unchanged']);
    await connects('allow plain', 'plain', 'not hashed');
  });

  test('an EMQX file sets its users’ passwords on existing devices, and plain ones connect too', async () => {
    assert.deepEqual(
      (await importing('emqx-csv', fixture('emqx-users-sha256.csv'))).map((line) => line.split(' ', 2)[1]),
      ['updated', 'updated', 'refused', 'refused', 'refused', 'refused'],
    );
    const algorithm = { name: 'plain', saltPosition: 'disable' } as const;
    const users = ['user_id,password,is_superuser\nemqx-plain,correct horse,false\n'];
    assert.deepEqual(await importing('emqx-csv', users, { algorithm }), ['2 created']);
    await connects('allow emqx-plain', 'emqx-plain', 'correct horse');
  });

  test('certificates are stored with their names, and other text is refused', async () => {
    const pem = certificates.c1 as string;
    const file = [`${JSON.stringify({ name: 'certified', certificate: pem })}\n`];
    assert.deepEqual(await importing('jsonl', file), ['1 created']);
    assert.deepEqual(await importing('jsonl', file), ['1 unchanged']);
    assert.ok((await count('certificate_name')) > 1);
    const broken = Buffer.alloc(90, 7).toString('base64');
    assert.deepEqual(await importing('jsonl', [`{"name":"broken","certificate":"${broken}"}\n`]), [
      '1 refused certificate: it is not an X.509 certificate',
    ]);
  });

  test('batches of a larger file are written completely, and are in the audit trail', async () => {
    const before = await count('device');
    const lines = Array.from({ length: 620 }, (_, index) => `fleet-${index},TOKEN_${index}`);
    const detail = await importing('csv', [`name,accessToken\n${lines.join('\n')}\n`]);
    assert.equal(detail.filter((line) => line.endsWith(' created')).length, 620);
    assert.equal(await count('device'), before + 620);
    await connects('allow fleet-619', 'TOKEN_619');
    const events = await database.sql<{ detail: string; actor: string }>(
      `SELECT detail, actor FROM audit_event WHERE action = 'import.written' ORDER BY seq DESC LIMIT 3`,
    );
    assert.deepEqual(
      events.map(({ detail }) => JSON.parse(detail).created),
      [120, 250, 250],
    );
    assert.ok(events.every(({ actor }) => actor === 'test'));
  });

  test('a batch is planned again if somebody else writes meanwhile', async () => {
    const store = new ImportRepository(prisma, database.location.kind, ACTOR);
    const { write } = store;
    let raced = 0;
    store.write = async (changes, note) => {
      if (raced++ === 0) await importing('jsonl', ['{"name":"raced","accessToken":"RACE"}\n']);
      return write.call(store, changes, note);
    };
    const detail: string[] = [];
    const file = ['{"name":"raced","accessToken":"RACE"}\n{"name":"beside","accessToken":"BESIDE"}\n'];
    await importDevices(
      readImport('jsonl', file),
      {
        store,
        keeper: createSecretKeeper(secrets.schemes, createKeepPassword(secrets), 'chosen'),
        report: ({ line, outcome }) => detail.push(`${line} ${outcome}`),
      },
      {
        importId: randomUUID(),
        format: 'jsonl',
        defaultProfile: 'default',
        dryRun: false,
        oneCredential: false,
      },
    );
    assert.deepEqual([detail, raced], [['1 unchanged', '2 created'], 2]);
  });

  test('users that Debian’s mosquitto_passwd wrote connect', {
    skip: without('mosquitto_passwd'),
  }, async () => {
    const file = join(temporaryFolder(), 'passwd');
    writeFileSync(file, '');
    execFileSync('mosquitto_passwd', ['-b', file, 'mosquitto-1', 'correct horse']);
    execFileSync('mosquitto_passwd', ['-b', file, 'mosquitto-2', 'pa:ss$wörd']);
    assert.deepEqual(await importing('mosquitto-passwords', [readFileSync(file)]), [
      '1 created',
      '2 created',
    ]);
    await connects('allow mosquitto-1', 'mosquitto-1', 'correct horse');
    await connects('allow mosquitto-2', 'mosquitto-2', 'pa:ss$wörd');
    await connects('password_mismatch', 'mosquitto-2', 'correct horse');
    assert.deepEqual(await importing('mosquitto-passwords', [readFileSync(file)]), [
      '1 unchanged',
      '2 unchanged',
    ]);
  });
});
