import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecretSchemes } from '../../../../src/engine/secrets/secret-schemes.ts';
import type { EmqxAlgorithm } from '../../../../src/fleet/devices/import/emqx-algorithm.ts';
import type { ImportedDevice } from '../../../../src/fleet/devices/import/import-item.ts';
import { expectProblems } from './expect-problems.ts';
import { collect, devices, fixture } from './support.ts';

const secrets = createSecretSchemes();

async function verifies(device: ImportedDevice | undefined, password: string): Promise<boolean> {
  const credentials = device?.credentials;
  assert.ok(credentials?.type === 'MQTT_BASIC' && credentials.secret?.kind === 'hash');
  const { hash } = credentials.secret;
  return (await secrets.schemes.find((scheme) => scheme.matches(hash))?.verify(hash, password)) ?? false;
}

// Hashes of "correct horse" and "pässwörd€" made by EMQX 5.8's emqx_passwd module.
test('a CSV of salted SHA-256 hashes, EMQX’s default', async () => {
  const items = await collect('emqx-csv', fixture('emqx-users-sha256.csv'));
  expectProblems(items, {
    5: /wrong length/,
    6: /3 fields, but the header has 4/,
    7: /no user_id/,
    8: /neither password_hash nor password/,
  });
  const [first, second, ...more] = devices(items);
  assert.deepEqual([first?.deviceName, second?.deviceName, more.length], ['meter-1', 'meter-2', 0]);
  assert.equal(await verifies(first, 'correct horse'), true);
  assert.equal(await verifies(first, 'correct horses'), false);
  assert.equal(await verifies(second, 'pässwörd€'), true);
  assert.deepEqual(first?.warnings, []);
  assert.match(second?.warnings.join() ?? '', /superuser/);
});

test('a JSON array of PBKDF2 hashes; a malformed element affects only itself', async () => {
  const algorithm: EmqxAlgorithm = { name: 'pbkdf2', macFunction: 'sha256', iterations: 4096 };
  const items = await collect('emqx-json', fixture('emqx-users-pbkdf2.json'), { algorithm });
  expectProblems(items, { 8: /does not fit/, 14: /not valid JSON/ });
  const [first, last] = devices(items);
  assert.deepEqual([first?.line, first?.deviceName], [2, 'meter-1']);
  assert.deepEqual([last?.line, last?.deviceName], [15, 'meter {3} "]"']);
  assert.equal(await verifies(last, 'correct horse'), true);
  assert.match(last?.warnings.join() ?? '', /superuser.*namespace/);
});

test('plain passwords are read literally, including quotes', async () => {
  const items = await collect('emqx-csv', fixture('emqx-users-plain.csv'));
  assert.deepEqual(
    devices(items).map(({ credentials }) => credentials?.type === 'MQTT_BASIC' && credentials.secret),
    [
      { kind: 'password', password: 'correct horse' },
      { kind: 'password', password: '"quoted"' },
    ],
  );
});

test('the password is recovered from plain with a salt, and invalid ones are reported', async () => {
  const file = ['user_id,password_hash,salt\nm1,saltsecret,salt\nm2,other,salt\nm3,salt,salt\n'];
  const items = await collect('emqx-csv', file, { algorithm: { name: 'plain', saltPosition: 'prefix' } });
  expectProblems(items, { 3: /does not fit/, 4: /does not fit/ });
  const [first] = devices(items);
  assert.deepEqual(first?.credentials?.type === 'MQTT_BASIC' && first.credentials.secret, {
    kind: 'password',
    password: 'secret',
  });
});

test('every algorithm of EMQX reads what its emqx_passwd module wrote', async () => {
  const salt = 'de1024f462fb83910fd13151bd4bd235';
  const written: readonly (readonly [EmqxAlgorithm, string])[] = [
    [{ name: 'md5' }, 'c031ea3768ef4971473cba8fac3ceb49'],
    [{ name: 'md5', saltPosition: 'suffix' }, '1982f16a7b7a8bacdb68234f2e878e1b'],
    [{ name: 'md5', saltPosition: 'disable' }, '3cb4e732631f47e6eb961f34554b7cde'],
    [{ name: 'sha' }, '2db53f70b3da3bb6217b8be76efc9a3259d784e0'],
    [
      { name: 'sha256', saltPosition: 'suffix' },
      'c072f0fa1aa2c45255937df094d07afa07cdd41cc8dd3079f72623e862ea6c13',
    ],
    [{ name: 'pbkdf2', macFunction: 'sha', iterations: 1000 }, '8dcb394355fa56a542da353e5bce257ef4e3f886'],
    [
      { name: 'pbkdf2', macFunction: 'sha256', iterations: 1000, keyBytes: 48 },
      'f2a83a9f7d251789075448d84e7d82671c6415d4785b72df22550a8cad6bd25f7fa01af04ccc32d9d71cf71faf804487',
    ],
    [{ name: 'bcrypt' }, '$2b$06$BoV/ueuboFqLeIhzZZOvUudpcv.cYr7C2T9pmkt9t2rJC6MgHEjM.'],
  ];
  for (const [algorithm, hash] of written) {
    const items = await collect('emqx-csv', [`user_id,password_hash,salt\nmeter,${hash},${salt}\n`], {
      algorithm,
    });
    assert.equal(await verifies(devices(items)[0], 'correct horse'), true, JSON.stringify(algorithm));
    assert.equal(await verifies(devices(items)[0], 'Correct horse'), false, JSON.stringify(algorithm));
  }
  await secrets.close();
});

test('a PBKDF2 hash of another length than configured is reported, because it never verified in EMQX', async () => {
  const hash =
    'f2a83a9f7d251789075448d84e7d82671c6415d4785b72df22550a8cad6bd25f7fa01af04ccc32d9d71cf71faf804487';
  const algorithm = { name: 'pbkdf2', macFunction: 'sha256', iterations: 1000 } as const;
  const items = await collect('emqx-csv', [`user_id,password_hash,salt\nmeter,${hash},salt\n`], {
    algorithm,
  });
  expectProblems(items, { 2: /does not fit/ });
});

test('a password with escaped quotes and braces does not end its JSON element', async () => {
  const users = [
    { user_id: 'm1', password: '"}]\\"' },
    { user_id: 'm2', password: 'x\\' },
  ];
  const items = await collect('emqx-json', [JSON.stringify(users)]);
  assert.deepEqual(
    devices(items).map(({ credentials }) => credentials?.type === 'MQTT_BASIC' && credentials.secret),
    users.map(({ password }) => ({ kind: 'password', password })),
  );
});

test('files in another format end with a problem', async () => {
  expectProblems(await collect('emqx-csv', ['user_id,pasword\nm,hunter2\n']), {
    1: /may only contain the columns/,
  });
  expectProblems(await collect('emqx-json', ['{"user_id":"m"}']), { 1: /not a JSON array/ });
  expectProblems(await collect('emqx-json', ['[{"user_id":"m","password":"hunter2"}']), {
    1: /is not closed/,
  });
  expectProblems(await collect('emqx-json', ['[\n{"user_id":"m","password":"hunter2"']), {
    2: /is not closed/,
  });
  expectProblems(await collect('emqx-json', ['[] x']), { 1: /after the array/ });
  expectProblems(await collect('emqx-json', ['']), { 1: /is not closed/ });
  assert.deepEqual(await collect('emqx-json', ['\ufeff[\n]\n']), []);
});
