import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKER_PRODUCTS } from '../../src/model/question.ts';
import { Installation } from '../support/process.ts';

interface Report {
  readonly checks: readonly {
    readonly check: string;
    readonly findings: readonly { level: string; detail: string }[];
  }[];
}

test('doctor: advice ends with 0, problems with 1, in words and in JSON', async () => {
  const installation = new Installation({ THINGPASS_SECRET: 'f3a1c59be0724d68' });
  await installation.run(['migrate']);
  const sound = await installation.run(['doctor']);
  assert.equal(sound.code, 0, sound.stdout);
  assert.match(sound.stdout, /^ok {7}database: /m);
  assert.match(sound.stdout, /\nno problems, 1 advice\n$/);

  installation.environment.THINGPASS_SECRET = 'CHANGE-ME-at-least-16-characters';
  const { code, stdout } = await installation.run(['--json', 'doctor']);
  assert.equal(code, 1);
  const { checks } = JSON.parse(stdout) as Report;
  const problems = checks.flatMap(({ findings }) => findings.filter(({ level }) => level === 'problem'));
  assert.match(
    problems.map(({ detail }) => detail).join(),
    /^THINGPASS_SECRET is the placeholder[^,]*, which everybody knows$/,
  );
});

test('doctor: where the configuration cannot be used it still says what else is wrong', async () => {
  const installation = new Installation({ THINGPASS_PORT: 'none' });
  const { code, stdout } = await installation.run(['doctor']);
  assert.equal(code, 1);
  assert.match(stdout, /^problem {2}configuration: THINGPASS_PORT must be/m);
  assert.match(stdout, /^ {9}→ /m);
  assert.match(stdout, /^ok {7}files: /m);
});

test('doctor --broker-config: traps with line and mend, from a file or standard input', async () => {
  const installation = new Installation();
  const secret = ['--secret', 'f3a1c59be0724d68'];
  const { stdout: text } = await installation.run(['broker-config', 'nanomq', ...secret]);
  const sound = await installation.run(['doctor', '--broker-config', '-'], text);
  assert.deepEqual([sound.code, sound.stdout], [0, 'nanomq: no problems, 0 advice\n'], sound.stderr);

  const planted = text.replace('allow_anonymous = true', 'allow_anonymous = false');
  const line = planted.split('\n').findIndex((one) => one.includes('allow_anonymous')) + 1;
  const { code, stdout } = await installation.run(['doctor', '--broker-config', '-'], planted);
  assert.equal(code, 1);
  assert.ok(stdout.startsWith(`problem  -:${line}: clients with a user name alone`), stdout);

  const unknown = await installation.run(['doctor', '--broker-config', '-'], 'hello = world');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /unknown product of -; use --product with one of /);
  assert.equal((await installation.run(['doctor', '--broker-config', '/none'])).code, 2);
});

/** What each broker finds out before it asks about a topic. */
const ASKED_BEFORE: readonly (readonly [broker: string, before: readonly string[]])[] = [
  ...BROKER_PRODUCTS.filter((broker) => broker !== 'emqx4' && broker !== 'rabbitmq').map(
    (broker) => [broker, ['the client connects: in']] as const,
  ),
  ['emqx4', ['the client connects: in', 'it is a superuser: no']],
  [
    'rabbitmq',
    [
      'the client connects: known',
      'it may use the vhost /: in',
      'it may write the exchange amq.topic: allowed',
    ],
  ],
];

test('doctor --as: what each broker would conclude of a client, a wrong secret and a stranger', async (t) => {
  const secret = 'f3a1c59be0724d68';
  const installation = new Installation({ THINGPASS_SECRET: secret });
  const token = (await installation.json<{ secret: string }>('device', 'create', 'meter')).secret;
  const server = await installation.serve();
  t.after(() => server.stop());
  const play = (...args: string[]) => installation.run(['doctor', '--url', server.url, ...args]);
  const topic = ['--publish', 'v1/devices/me/telemetry'];
  for (const [broker, before] of ASKED_BEFORE) {
    const known = ['--as', broker, '--username', token, '--password', 'any'];
    const fine = await play(...known, ...topic);
    assert.equal(fine.code, 0, `${broker}: ${fine.stdout}${fine.stderr}`);
    const lines = fine.stdout.trim().split('\n');
    assert.deepEqual(
      lines.map((line) => line.replace(/^ok +([^:]*): (?:HTTP \d+, )?(\w+).*$/, '$1: $2')),
      [
        ...before,
        'it may publish v1/devices/me/telemetry: allowed',
        'the same from a broker with a wrong secret: out',
        'a client that nobody knows connects: out',
      ],
    );
    const denied = await play(...known, '--publish', 'elsewhere');
    assert.equal(denied.code, 1);
    assert.match(
      denied.stdout,
      /^problem {2}it may publish elsewhere: .*denied.*\n {9}→ .*thingpass explain/m,
    );
    const foreign = await play(...known, '--secret', 'another-secret-of-mine');
    assert.match(foreign.stdout, /^problem {2}the client connects: HTTP \d+, out/m, broker);
  }
  const queue = await play(
    '--as',
    'rabbitmq',
    '--username',
    token,
    '--password',
    'any',
    '--subscribe',
    'a/b',
  );
  assert.match(
    queue.stdout,
    /^problem {2}it may configure the queue mqtt-subscription-thingpass-doctorqos1: /m,
  );
  const away = await installation.run(['doctor', '--as', 'emqx', '--url', 'http://127.0.0.1:1']);
  assert.deepEqual([away.code, /does not answer/.test(away.stderr)], [1, true]);
  const unknown = await play('--as', 'mqtt');
  assert.deepEqual([unknown.code, /choices are emqx, emqx4/.test(unknown.stderr)], [2, true]);
});
