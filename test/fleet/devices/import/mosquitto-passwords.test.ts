import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecretSchemes } from '../../../../src/engine/secrets/secret-schemes.ts';
import { expectProblems } from './expect-problems.ts';
import { collect, devices, fixture, rules } from './support.ts';

/** What the fixture's users typed when mosquitto_passwd 2.0.11 wrote it. */
const PASSWORDS = {
  'meter-1': 'correct horse',
  'meter two': 'pa:ss$word',
  'zähler-3': 'pässwörd€',
  'meter-4': 'correct horse',
} as const;

test('a file of mosquitto_passwd: every user with their password', async () => {
  const secrets = createSecretSchemes();
  const items = await collect('mosquitto-passwords', fixture('mosquitto-passwords.txt'));
  const found = devices(items);
  assert.deepEqual(
    found.map((device) => device.deviceName),
    Object.keys(PASSWORDS),
  );
  assert.equal(items.length, found.length);
  for (const { deviceName, credentials } of found) {
    assert.ok(credentials?.type === 'MQTT_BASIC' && credentials.secret?.kind === 'hash');
    assert.equal(credentials.userName, deviceName);
    const { hash } = credentials.secret;
    const scheme = secrets.schemes.find((one) => one.matches(hash));
    assert.equal(await scheme?.verify(hash, PASSWORDS[deviceName as keyof typeof PASSWORDS]), true);
    assert.equal(await scheme?.verify(hash, 'hunter2'), false);
    assert.equal(secrets.needsUpgrade(hash), true);
  }
  await secrets.close();
});

test('invalid lines, and hashes that cannot verify, are reported', async () => {
  const items = await collect('mosquitto-passwords', fixture('busted-passwords.txt'));
  expectProblems(items, {
    3: /no colon/,
    4: /no user name/,
    5: /no password/,
    6: /mosquitto_passwd -U/,
    7: /form \$7\$/,
    9: /rounds/,
  });
  assert.deepEqual(
    devices(items).map((device) => [device.line, device.deviceName]),
    [[8, 'meter-1']],
  );
});

test('blanks around a name and a hash are ignored', async () => {
  const hash =
    '$7$101$0yHSU8dodo4GWXlK$fxFC1jWLXniyQwS9T5ZtbfqYUEM+PK6wuEL7mOsRso9I1OIRt8cp942lIKd44uu4+mbI+BUoSYG6Re+mO23H+g==';
  const [device] = devices(await collect('mosquitto-passwords', [` meter :\t${hash} \r\n`]));
  assert.equal(device?.deviceName, 'meter');
  assert.deepEqual(device?.credentials?.type === 'MQTT_BASIC' && device.credentials.secret, {
    kind: 'hash',
    hash,
  });
});

test('go-auth’s salts are decoded or used as text, depending on its option', async () => {
  const file = ['np:PBKDF2$sha256$901$4ZQwMkWkKfbO5R2A$BymII9ZXv1QICLW1ZwbD3mJ0C5KrJo38\n'];
  const secrets = createSecretSchemes();
  for (const saltEncoding of ['utf-8', 'base64'] as const) {
    const [device] = devices(await collect('mosquitto-passwords', file, { saltEncoding }));
    assert.ok(device?.credentials?.type === 'MQTT_BASIC' && device.credentials.secret?.kind === 'hash');
    const { hash } = device.credentials.secret;
    const verified = await secrets.schemes.find((one) => one.matches(hash))?.verify(hash, 'correct horse');
    assert.equal(verified, saltEncoding === 'utf-8');
  }
});

test('an ACL file of Mosquitto: users, accesses, patterns, denials, topics with spaces', async () => {
  const items = await collect('mosquitto-acl', fixture('mosquitto.acl'));
  expectProblems(items, {});
  const read = rules(items).map(({ line, subject, permission, action, filter, rank }) => {
    const whose = subject.kind === 'user' ? subject.userName : subject.kind;
    return [line, whose, permission, action, filter, rank];
  });
  assert.deepEqual(read, [
    [2, 'anonymous', 'allow', 'subscribe', '$SYS/broker/uptime', 1],
    [5, 'meter-1', 'allow', 'publish', 'meters/1/telemetry', 1],
    [6, 'meter-1', 'allow', 'subscribe', 'meters/1/commands/#', 1],
    [7, 'meter-1', 'allow', 'all', 'meters/1/state', 1],
    [8, 'meter-1', 'deny', 'all', 'meters/1/state/secret', 0],
    [11, 'meter two', 'allow', 'all', 'meters/two words/#', 1],
    [12, 'meter two', 'allow', 'subscribe', 'meters/a   b/c', 1],
    [15, 'meter-4', 'allow', 'all', 'read', 1],
    [16, 'everyone', 'allow', 'publish', `devices/\${clientId}/up`, 3],
    [17, 'everyone', 'allow', 'subscribe', `devices/\${username}/\${clientId}/down`, 3],
    [18, 'everyone', 'deny', 'all', 'devices/+/private', 2],
  ]);
  assert.deepEqual(
    rules(items)
      .filter((rule) => rule.warnings.length > 0)
      .map((rule) => rule.line),
    [18],
  );
});

test('go-auth’s files: its additional access, and topics before the users for everyone', async () => {
  const items = await collect('mosquitto-acl', fixture('mosquitto-go-auth.acl'), {
    topicsBeforeUsers: 'everyone',
  });
  expectProblems(items, {});
  assert.deepEqual(
    rules(items).map(({ subject, permission, action, rank }) => [subject.kind, permission, action, rank]),
    [
      ['everyone', 'allow', 'subscribe', 3],
      ['everyone', 'deny', 'all', 2],
      ['user', 'allow', 'publish', 1],
      ['user', 'allow', 'subscribe', 1],
      ['everyone', 'allow', 'all', 3],
    ],
  );
});

test('invalid lines are reported, and topics below an unreadable user are skipped', async () => {
  const items = await collect('mosquitto-acl', fixture('busted-lines.acl'));
  expectProblems(items, {
    2: /neither user, topic nor pattern/,
    3: /skipped, because the line above/,
    4: /no name after/,
    5: /skipped, because the line above/,
    7: /unknown access "list"/,
    8: /not a valid topic filter/,
    9: /placeholder/,
    10: /no topic/,
  });
  assert.deepEqual(
    rules(items).map(({ line, filter }) => [line, filter]),
    [
      [1, 'before/everyone'],
      [11, 'fine'],
    ],
  );
});
