import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLoopback, readConfig } from '../../src/config/config.ts';
import { envExample, SETTINGS } from '../../src/config/settings.ts';
import { isThingPassError } from '../../src/model/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(isThingPassError(error, 'config_invalid'));
    return error.data.problems;
  }
  return [];
}

test('nothing set gives a server on loopback with SQLite and no secret', () => {
  const config = readConfig({});
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 8080);
  assert.equal(config.database.kind, 'sqlite');
  assert.deepEqual(config.brokers.emqx.secrets, []);
  assert.equal(config.brokers.emqx.provisionSessions, false);
  assert.ok(Object.isFrozen(config));
});

test('an unknown name is refused with the nearest known one', () => {
  assert.deepEqual(problemsOf({ THINGPASS_PROT: '1' }), [
    'THINGPASS_PROT is not a setting; did you mean THINGPASS_PORT?',
  ]);
  assert.deepEqual(problemsOf({ PATH: '/bin' }), []);
});

test('every bad value is named at once, and no secret is repeated', () => {
  const problems = problemsOf({
    THINGPASS_PORT: '80801',
    THINGPASS_LOG_LEVEL: 'loud',
    THINGPASS_SKIP_CERTIFICATE_DATES: 'yes',
    THINGPASS_MOUNTED_BROKERS: 'emqx,emq',
    DATABASE_URL: 'mysql://user:hunter2@host/db',
    THINGPASS_SECRET: 'hunter2',
  });
  assert.equal(problems.length, 6);
  assert.doesNotMatch(problems.join('\n'), /hunter2/);
});

test('secrets come from files too, one per line', () => {
  const file = join(temporaryFolder(), 'secret');
  writeFileSync(file, 'the-old-secret-of-emqx\nthe-new-secret-of-emqx\n');
  const config = readConfig({ THINGPASS_SECRET_EMQX_FILE: file, THINGPASS_SECRET: 'everybody-elses-secret' });
  assert.deepEqual(config.brokers.emqx.secrets, ['the-old-secret-of-emqx', 'the-new-secret-of-emqx']);
  assert.deepEqual(config.brokers.nanomq.secrets, ['everybody-elses-secret']);
  assert.deepEqual(problemsOf({ THINGPASS_SECRET_FILE: `${file}.gone` }), [
    'THINGPASS_SECRET_FILE cannot be read (ENOENT)',
  ]);
  assert.equal(problemsOf({ THINGPASS_SECRET_FILE: file, THINGPASS_SECRET: 'sixteen-characters' }).length, 1);
});

test('notices need an address and a secret, and no problem repeats either', () => {
  const url = 'https://hooks.example/hunter2';
  for (const [settings, problem] of [
    [{ THINGPASS_EXPIRY_WEBHOOK_URL: url }, /go together/],
    [{ THINGPASS_EXPIRY_WEBHOOK_SECRET: 'hunter2-hunter2-hunter2' }, /go together/],
    [{ THINGPASS_EXPIRY_WEBHOOK_URL: url, THINGPASS_EXPIRY_WEBHOOK_SECRET: 'hunter2' }, /shorter than 16/],
    ...['ftp://hunter2', 'hunter2', 'https://user:hunter2@host/'].map(
      (odd) =>
        [
          { THINGPASS_EXPIRY_WEBHOOK_URL: odd, THINGPASS_EXPIRY_WEBHOOK_SECRET: 'sixteen-characters' },
          /no http or https URL/,
        ] as const,
    ),
  ] as const) {
    const problems = problemsOf(settings);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', problem);
    assert.doesNotMatch(problems[0] ?? '', /hunter2/);
  }
});

test('a certificate form needs a secret for its broker', () => {
  const forms = { THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_cert_pem' };
  assert.equal(problemsOf(forms).length, 1);
  const config = readConfig({ ...forms, THINGPASS_SECRET: 'sixteen-characters' });
  assert.deepEqual([...config.brokers.emqx.certificateForms], ['emqx_cert_pem']);
  assert.equal(config.brokers.nanomq.certificateForms.size, 0);
});

test('loopback is loopback only', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', ''])
    assert.ok(!isLoopback(host), host);
});

test('.env.example lists every setting with its default', () => {
  const file = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  assert.equal(file, envExample(), 'run: npx thingpass settings --env > .env.example');
  for (const { name } of SETTINGS) assert.ok(file.includes(`#${name}=`), name);
});
