import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Installation } from '../support/process.ts';

const installation = new Installation();
const certificate = fileURLToPath(new URL('../golden/pki/p256.crt.pem', import.meta.url));

interface Device {
  readonly id: string;
  readonly name: string;
  readonly gateway: boolean;
  readonly credentials: readonly string[];
  readonly secret?: string;
}

test('a device gets an access token that is shown once', async () => {
  const { code, stdout } = await installation.run(['device', 'create', 'meter-0001']);
  assert.equal(code, 0);
  const token = /access token: ([A-Za-z0-9]{20})\n/.exec(stdout)?.[1];
  assert.ok(token);
  const shown = await installation.run(['credentials', 'show', 'meter-0001']);
  assert.ok(!shown.stdout.includes(token));
  const revealed = await installation.run(['credentials', 'show', 'meter-0001', '--reveal']);
  assert.ok(revealed.stdout.includes(token));
});

test('basic credentials get a password that is made, given, read, or none at all', async () => {
  const basic = (name: string) => ['device', 'create', name, '--mqtt-basic', '--username', name] as const;
  const made = await installation.json<Device>(...basic('made'));
  assert.match(made.secret ?? '', /^[A-Za-z0-9]{32}$/);
  const given = await installation.json<Device>(...basic('given'), '--password', 'chosen-by-me');
  assert.equal(given.secret, undefined, 'it is known already');
  assert.equal((await installation.run([...basic('read'), '--password', '-'], 'typed\n')).code, 0);
  const read = await installation.json<Record<string, string>[]>('credentials', 'show', 'read', '--reveal');
  assert.equal(read[0]?.password, '(hashed)', 'not even its owner is shown it again');
  await installation.json(...basic('none'), '--no-password');
  const none = await installation.json<Record<string, string>[]>('credentials', 'show', 'none');
  assert.equal(none[0]?.password, '(any)');
});

test('credentials are rotated, switched and revoked, and the command says what becomes of the old ones', async () => {
  await installation.json<Device>('device', 'create', 'lasting', '--token', 'lasting-token');
  const rotated = await installation.run(['credentials', 'rotate', 'lasting', '--overlap', '12h']);
  assert.match(rotated.stdout, /access token: [A-Za-z0-9]{20}\nthe previous ones end at 20\d\d-/);
  const switched = await installation.json<{ previousEnds: string; endsOnFirstUse: boolean }>(
    ...['credentials', 'switch', 'lasting', '--mqtt-basic', '--username', 'lasting', '--ends-on-first-use'],
  );
  assert.equal(switched.endsOnFirstUse, true);
  assert.ok(Date.parse(switched.previousEnds) > Date.now() + 6 * 86_400_000);
  const shown = await installation.json<Record<string, string>[]>('credentials', 'show', 'lasting');
  assert.equal(shown.length, 3);
  const ambiguous = await installation.run(['credentials', 'rotate', 'lasting']);
  assert.deepEqual([ambiguous.code, /by their id/.test(ambiguous.stderr)], [1, true]);
  assert.equal((await installation.run(['credentials', 'rotate', 'lasting', '--overlap', 'soon'])).code, 1);
  const revoked = await installation.json<{ revoked: unknown[] }>('credentials', 'revoke', 'lasting');
  assert.equal(revoked.revoked.length, 3);
  assert.equal((await installation.run(['credentials', 'revoke', 'lasting'])).code, 1);
});

test('a certificate becomes the credentials of a device', async () => {
  const device = await installation.json<Device>(
    'device',
    'create',
    'by-certificate',
    '--x509',
    certificate,
    '--gateway',
  );
  assert.deepEqual([device.credentials, device.gateway], [['X509_CERTIFICATE'], true]);
  const again = await installation.run(['device', 'create', 'other', '--x509', certificate]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /already belong to device by-certificate/);
  const [shown] = await installation.json<Record<string, string>[]>('credentials', 'show', 'by-certificate');
  const body = readFileSync(certificate, 'utf8').replace(/-----[^-]+-----|\s/g, '');
  assert.equal(shown?.certificate, body);
});

test('devices are listed, shown by name or id, and deleted', async () => {
  const devices = await installation.json<Device[]>('device', 'list');
  const names = devices.map(({ name }) => name);
  assert.deepEqual(names, [...names].sort());
  const device = devices.find(({ name }) => name === 'meter-0001') as Device;
  assert.deepEqual(
    await installation.json('device', 'show', device.id),
    await installation.json('device', 'show', device.name),
  );
  const listed = await installation.run(['device', 'list', '--limit', '1']);
  assert.match(listed.stdout, /^NAME +PROFILE +CREDENTIALS +ID\n\S+ +default/);
  assert.equal((await installation.run(['device', 'delete', 'meter-0001'])).code, 0);
  const gone = await installation.run(['device', 'show', 'meter-0001']);
  assert.deepEqual([gone.code, gone.stderr], [1, 'there is no device meter-0001\n']);
});

test('what cannot be done is said in a sentence, with the exit code', async () => {
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [['device', 'create', 'x', '--mqtt-basic'], 1, /needs --client-id, --username or both/],
    [
      ['device', 'create', 'x', '--x509', 'no-such-file.pem'],
      1,
      /no-such-file\.pem cannot be read \(ENOENT\)/,
    ],
    [['device', 'create', 'x', '--token', 'with\ttab'], 1, /CONTROL_CHAR_CREDENTIALS_ID/],
    [['device', 'create', ' '], 1, /a device name has/],
    [['device', 'list', '--limit', 'many'], 1, /whole number/],
    [['device', 'create', 'x', '--token', 't', '--mqtt-basic'], 2, /cannot be used with/],
    [['device', 'frobnicate'], 2, /unknown command/],
  ];
  for (const [args, code, sentence] of cases) {
    const result = await installation.run(args);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, sentence);
    assert.doesNotMatch(result.stderr, /\n\s+at /, 'no stack trace for people');
  }
});

test('every command has help with an example', async () => {
  const top = await installation.run(['--help']);
  const commands = [...top.stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] as string);
  assert.ok(commands.includes('serve') && commands.includes('device'));
  const leaves: string[][] = [];
  for (const command of commands.filter((one) => one !== 'help')) {
    const { stdout } = await installation.run([command, '--help']);
    const inner = stdout.includes('Commands:')
      ? [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+) /gm)].map(
          (match) => match[1] as string,
        )
      : [];
    if (inner.length === 0) leaves.push([command]);
    else leaves.push(...inner.filter((one) => one !== 'help').map((one) => [command, one]));
  }
  for (const leaf of leaves) {
    const { stdout } = await installation.run([...leaf, '--help']);
    assert.match(stdout, /Example:\n {2}\$ .*thingpass /, leaf.join(' '));
  }
});

test('a database that is up to date needs no migration', async () => {
  assert.deepEqual(await installation.json('migrate'), {
    applied: [],
    named: 0,
    unusablePatterns: [],
  });
});
