import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { expectProblems } from './expect-problems.ts';
import { collect, devices, fixture, lines } from './support.ts';

test('a CSV file as written by a spreadsheet: byte order mark, quotes, CR LF, line breaks inside quotes', async () => {
  const items = await collect('csv', fixture('devices.csv'));
  expectProblems(items, {
    5: /no password/,
    6: /several kinds/,
    17: /gateway/,
    18: /3 fields, but the header has 11/,
    19: /quoted field is not closed/,
  });
  const found = new Map(devices(items).map((device) => [device.deviceName, device]));
  assert.deepEqual([...found.keys()], ['meter-1', 'meter-2', 'gateway-3', 'meter-6', 'zähler-10']);
  assert.deepEqual(found.get('meter-1'), {
    kind: 'device',
    line: 2,
    deviceName: 'meter-1',
    profileName: 'thermostat',
    label: undefined,
    gateway: false,
    credentials: { type: 'ACCESS_TOKEN', token: 'A1_TEST_TOKEN' },
    notBefore: undefined,
    notAfter: undefined,
    warnings: [],
  });
  const second = found.get('meter-2');
  assert.deepEqual(second?.credentials, {
    type: 'MQTT_BASIC',
    clientId: undefined,
    userName: 'meter-2',
    secret: { kind: 'password', password: 'with "quotes", comma' },
  });
  assert.equal(second?.label, 'Hall 2, left');
  assert.equal(second?.notAfter, Date.UTC(2031, 0, 31));
  const gateway = found.get('gateway-3');
  assert.equal(gateway?.gateway, true);
  assert.ok(gateway?.credentials?.type === 'MQTT_BASIC' && gateway.credentials.secret?.kind === 'hash');
  const sixth = found.get('meter-6')?.credentials;
  assert.ok(sixth?.type === 'X509_CERTIFICATE');
  assert.equal(new X509Certificate(sixth.certificate).subject, 'CN=meter-6');
  assert.equal(found.get('zähler-10')?.line, 20);
  assert.equal(found.get('zähler-10')?.credentials, undefined);
});

test('JSON Lines: wrong types, unknown members and malformed lines are reported, the rest is read', async () => {
  const items = await collect('jsonl', fixture('devices.jsonl'));
  expectProblems(items, {
    4: /password must be a string/,
    5: /unknown member "pasword"/,
    6: /not valid JSON/,
    8: /not a JSON object/,
    9: /needs a user name/,
    10: /password is empty/,
    11: /control characters/,
  });
  const [first, second, fifth] = devices(items);
  assert.equal(first?.gateway, false);
  assert.equal(second?.notAfter, 1_893_456_000_000);
  assert.deepEqual(fifth?.credentials, {
    type: 'LWM2M_CREDENTIALS',
    value: '{"client":{"securityConfigClientMode":"NO_SEC","endpoint":"meter-5"}}',
  });
});

test('an invalid header ends the reading, so that nothing is dropped silently', async () => {
  const header = async (text: string) => collect('csv', [`${text}\nmeter-1,x\n`]);
  expectProblems(await header('name,pasword'), { 1: /unknown column "pasword"/ });
  expectProblems(await header('profile,label'), { 1: /no column "name"/ });
  expectProblems(await header('name,Device Name'), { 1: /two columns for name/ });
  for (const text of ['name,pasword', 'profile,label', 'name,Device Name']) {
    assert.deepEqual(devices(await header(text)), []);
  }
  assert.deepEqual(await collect('csv', []), []);
  assert.deepEqual(await collect('csv', ['', '\n']), []);
});

test('columns have several names and any order, with the header’s separator', async () => {
  const [device] = devices(await collect('csv', ['\n\nMQTT_PASSWORD;Device Name;mqtt-user-name\n"a;b";m;u']));
  assert.equal(device?.deviceName, 'm');
  assert.equal(device?.line, 4);
  assert.deepEqual(device?.credentials, {
    type: 'MQTT_BASIC',
    clientId: undefined,
    userName: 'u',
    secret: { kind: 'password', password: 'a;b' },
  });
  assert.equal(devices(await collect('csv', ['name\tlabel\nm\ta,b;c\n']))[0]?.label, 'a,b;c');
});

test('credentials without a password are accepted only if the option says so', async () => {
  const file = ['name,userName,clientId\nm1,u1,\nm2,,c2\n'];
  expectProblems(await collect('csv', file), { 2: /anyone/, 3: /anyone/ });
  const found = devices(await collect('csv', file, { allowNoPassword: true }));
  assert.deepEqual(
    found.map((device) => device.credentials),
    [
      { type: 'MQTT_BASIC', clientId: undefined, userName: 'u1', secret: undefined },
      { type: 'MQTT_BASIC', clientId: 'c2', userName: undefined, secret: undefined },
    ],
  );
});

test('invalid credentials are reported', async () => {
  const rows: Readonly<Record<string, RegExp>> = {
    ',u,p,,,,': /no device name/,
    'm,,p,,,,': /without a user name/,
    'm,u,p,$6$x,,,': /both a password and a password hash/,
    'm,u,,$6$x,,,': /passwordHash: not of the form/,
    'm,u,,hunter2,,,': /known hash formats/,
    'm,,,,not a certificate,,': /neither PEM/,
    'm,u,p,,,2031-13-45,': /must be times/,
    'm,u,p,,,tomorrow,': /must be times/,
    'm,u,p,,,2031-01-01,2032-01-01': /must be later/,
    'm,u\u0000,p,,,,': /control characters/,
    [`${'m'.repeat(256)},u,p,,,,`]: /longer than 255/,
  };
  const header = 'name,userName,password,passwordHash,certificate,notAfter,notBefore';
  for (const [row, reason] of Object.entries(rows)) {
    expectProblems(await collect('csv', [`${header}\n${row}\n`]), { 2: reason });
  }
});

test('bytes that are not UTF-8 affect only their record', async () => {
  const bytes = Buffer.from('name,label\nm1,caf\xe9\nm2,fine\n', 'latin1');
  const items = await collect('csv', [bytes]);
  expectProblems(items, { 2: /UTF-8/ });
  assert.deepEqual(lines(items), [2, 3]);
});
