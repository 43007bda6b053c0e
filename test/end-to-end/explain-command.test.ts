import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'libsql';
import { eventually } from '../storage/support/eventually.ts';
import { readCapture, withPath } from '../support/captured-request.ts';
import { GOLDEN } from '../support/golden.ts';
import { Installation } from '../support/process.ts';

const certificate = join(GOLDEN, 'pki', 'p256.crt.pem');

interface Explained {
  readonly outcome: string;
  readonly reason?: string;
  readonly endpoint?: string;
  readonly device?: { readonly name: string };
  readonly understood?: { readonly certificate?: { readonly form: string } };
  readonly blocked?: { readonly by: string };
  readonly unblocked?: { readonly reason?: string };
  readonly ignoredCertificates: readonly string[];
  readonly steps: readonly { readonly step: string; readonly detail: string }[];
  readonly lookups: readonly { readonly id: string; readonly found?: string }[];
  readonly connack?: string;
  readonly answer?: { readonly status: number; readonly body?: string };
  readonly suggestion?: string;
}

function explain(installation: Installation, ...args: string[]): Promise<Explained> {
  return installation.json<Explained>('explain', ...args);
}

test('a refusal is explained, with what the client sees of each broker and one suggestion', async () => {
  const installation = new Installation();
  await installation.json('device', 'create', 'meter-7', '--x509', certificate);
  const refused = await explain(
    installation,
    '--broker',
    'emqx',
    '--client-id',
    'meter-7',
    '--username',
    'meter',
  );
  assert.deepEqual(
    [refused.outcome, refused.reason, refused.connack, refused.suggestion],
    [
      'deny',
      'credentials_unknown',
      'CONNACK 5, MQTT 5: 0x87',
      'a device with this client id exists; its credentials are X.509: connect without a username over TLS',
    ],
  );
  assert.ok(refused.lookups.length > 0);
  const nanomq = await explain(
    installation,
    '--broker',
    'nanomq',
    '--client-id',
    'nobody',
    '--username',
    'x',
  );
  assert.match(nanomq.connack ?? '', /^closed without a CONNACK/);
  assert.match(nanomq.suggestion ?? '', /^create the device/);
});

test('a certificate in a form that is not enabled is ignored, and that is visible', async () => {
  const args = ['--broker', 'emqx', '--client-id', 'c', '--certificate', certificate];
  const off = new Installation();
  await off.json('device', 'create', 'meter', '--x509', certificate);
  const ignored = await explain(off, ...args);
  assert.equal(ignored.outcome, 'deny');
  assert.equal(ignored.understood?.certificate, undefined);
  assert.equal(ignored.ignoredCertificates.length, 1);
  assert.match(ignored.steps[0]?.detail ?? '', /^not read: /);
  assert.match(ignored.suggestion ?? '', /THINGPASS_CERTIFICATE_FORMS/);
});

test('a certificate in a form that is switched on identifies its device', async () => {
  const on = new Installation({
    THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_cert_pem',
    THINGPASS_SECRET: 'a-secret-of-more-than-thirty-two-characters',
  });
  await on.json('device', 'create', 'meter', '--x509', certificate);
  const args = ['--broker', 'emqx', '--client-id', 'c', '--certificate', certificate];
  const known = await explain(on, ...args, '--verification', 'verified');
  assert.deepEqual(
    [known.outcome, known.device?.name, known.understood?.certificate?.form, known.connack],
    ['allow', 'meter', 'emqx_cert_pem', 'CONNACK 0'],
  );
  const unchecked = await explain(on, ...args);
  assert.equal(unchecked.reason, 'certificate_not_checked');
  assert.match(unchecked.suggestion ?? '', /THINGPASS_UNCHECKED_CERTIFICATES/);
});

test('topics are explained by the rule that decides', async () => {
  const installation = new Installation();
  const { secret } = await installation.json<{ secret: string }>('device', 'create', 'meter');
  const ask = (...args: string[]) =>
    explain(installation, '--broker', 'mosquitto', '--username', secret, '--topic', ...args);
  assert.equal((await ask('v1/devices/me/telemetry', '--publish')).outcome, 'allow');
  const shared = await ask('v1/devices/me/attributes', '--subscribe');
  assert.equal(shared.reason, 'topic_shared_between_devices');
  assert.match(shared.suggestion ?? '', /THINGPASS_MOUNTED_BROKERS/);
  assert.equal((await ask('elsewhere', '--publish')).reason, 'topic_not_allowed');
  const { code, stderr } = await installation.run([
    ...['explain', '--broker', 'emqx', '--topic', 'a', '--publish', '--subscribe'],
  ]);
  assert.deepEqual([code, stderr], [1, '--topic needs one of --publish and --subscribe\n']);
});

test('a request as the broker sent it is explained, with the answer that the broker gets', async () => {
  const installation = new Installation();
  const file = join(installation.folder, 'request.http');
  const captured = readCapture('captures/emqx/5.8.9/03-all-username-only-01.http');
  writeFileSync(file, withPath(captured, '/k/broker-secret/emqx/authentication'));
  const shown = await explain(installation, '--broker', 'emqx', '--request', file);
  assert.deepEqual(
    [shown.endpoint, shown.outcome, shown.reason, shown.answer?.status],
    ['connect', 'deny', 'credentials_unknown', 200],
  );
  assert.match(shown.answer?.body ?? '', /"deny"/);
  const secretive = new Installation({ THINGPASS_SECRET: 'a-secret-of-more-than-sixteen' });
  const refused = await explain(secretive, '--request', file);
  assert.equal(refused.reason, 'guard_refused');
  writeFileSync(file, withPath(captured, '/elsewhere'));
  const lost = await explain(installation, '--broker', 'emqx', '--request', file);
  assert.equal(lost.reason, 'request_unreadable');
});

test('a running server that is asked also knows who is blocked', async () => {
  const installation = new Installation({
    THINGPASS_WORKERS: '2',
    THINGPASS_THROTTLE: 'client_id',
    THINGPASS_THROTTLE_FAILURES: '3',
  });
  const { key } = await installation.json<{ key: string }>('api-key', 'create', 'k', '--scope', 'read');
  installation.environment.THINGPASS_API_KEY = key;
  const server = await installation.serve();
  try {
    for (let count = 0; count < 3; count++) {
      await fetch(`${server.url}/v1/connect`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ clientId: 'guesser', username: `guess-${count}` }),
      });
    }
    const args = ['--url', server.url, '--broker', 'emqx', '--client-id', 'guesser', '--username', 'u'];
    await eventually(async () => {
      const shown = await explain(installation, ...args);
      assert.deepEqual(
        [shown.reason, shown.blocked?.by, shown.unblocked?.reason],
        ['throttled', 'client_id', 'credentials_unknown'],
      );
    }, 20_000);
    const { stdout } = await installation.run(['explain', ...args]);
    assert.match(stdout, /^blocked +by client_id guesser, until 20/m);
    assert.match(stdout, /^else +deny: credentials_unknown$/m);
    const file = join(installation.folder, 'request.http');
    writeFileSync(
      file,
      withPath(readCapture('captures/emqx/5.8.9/03-all-username-only-01.http'), '/emqx/authentication'),
    );
    const shown = await explain(installation, '--url', server.url, '--request', file);
    assert.deepEqual([shown.endpoint, shown.reason], ['connect', 'credentials_unknown']);
  } finally {
    await server.stop();
  }
});

test('explaining writes nothing and tells no secret', async () => {
  const installation = new Installation({ THINGPASS_UPGRADE_PASSWORDS: 'true' });
  const { secret } = await installation.json<{ secret: string }>('device', 'create', 'meter');
  // The first command on a database makes what every start makes.
  await explain(installation, '--broker', 'emqx', '--username', 'nobody');
  const before = everything(installation);
  const password = 'never-to-be-shown';
  for (const username of [secret, `${secret}x`]) {
    const args = ['explain', '--broker', 'emqx', '--username', username, '--password', password];
    for (const json of [[], ['--json']]) {
      const { stdout, stderr } = await installation.run([...json, ...args]);
      assert.match(stdout, /outcome|allow|deny/);
      assert.ok(!`${stdout}${stderr}`.includes(secret) && !`${stdout}${stderr}`.includes(password));
    }
  }
  assert.deepEqual(everything(installation), before);
});

/** Every row of every table. */
function everything({ folder }: Installation): unknown {
  const database = new Database(join(folder, 'thingpass.db'), { readonly: true });
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
  const rows = (tables as { name: string }[]).map(({ name }) => [
    name,
    database.prepare(`SELECT * FROM "${name}"`).all(),
  ]);
  database.close();
  return rows;
}
