import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'libsql';
import { addCertificates } from '../../../src/fleet/ca-bundles/service.ts';
import { SERVER_ACTOR } from '../../../src/model/audit.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { CaBundleRepository } from '../../../src/storage/repositories/ca-bundle-repository.ts';
import { examineInstallation } from '../../../src/tools/doctor/installation.ts';
import { serviceOf } from '../../support/device-service.ts';
import { GOLDEN } from '../../support/golden.ts';
import { freshDatabase, withoutPostgresql } from '../../support/postgresql.ts';
import { OpenedDevices, openPrisma } from '../../support/prisma.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ROOT = temporaryFolder();
const folder = (): string => mkdtempSync(join(ROOT, 'part-'));

const SECRET = 'f3a1c59be0724d68';

/** A new installation in which nothing is wrong. */
async function sound(): Promise<Record<string, string>> {
  const file = join(folder(), 'thingpass.db');
  await migrate({ kind: 'sqlite', file });
  return { DATABASE_URL: `file:${file}`, THINGPASS_SECRET: SECRET, THINGPASS_MOUNTED_BROKERS: 'emqx' };
}

/** What is found, as `check level: said`; and every finding has its mend. */
async function found(environment: Record<string, string>, file?: string, now?: number): Promise<string[]> {
  const checks = await examineInstallation(environment, file, now);
  return checks.flatMap(({ check, findings }) =>
    findings.map(({ level, detail, mend }) => {
      assert.ok(mend.length > 10, detail);
      return `${check} ${level}: ${detail}`;
    }),
  );
}

function written(name: string, text: string, mode: number): string {
  const file = join(folder(), name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

test('nothing is found in a sound installation', async () => {
  assert.deepEqual(await found(await sound()), []);
});

const AUTHORITY = join(GOLDEN, 'pki/root.crt.pem');
const LATER = Date.UTC(2200, 0);

/** Each thing that stops people, with the settings that bring it about. */
const PLANTED: readonly (readonly [
  name: string,
  settings: Record<string, string>,
  finding: RegExp,
  now?: number,
])[] = [
  ['a short secret', { THINGPASS_SECRET: 'short' }, /^configuration problem: THINGPASS_SECRET is shorter/],
  [
    'an unknown setting',
    { THINGPASS_SECRETS: SECRET },
    /^configuration problem: THINGPASS_SECRETS is not a setting/,
  ],
  [
    'an open port',
    { THINGPASS_SECRET: '', THINGPASS_HOST: '0.0.0.0' },
    /^configuration problem: .*answer anyone/,
  ],
  [
    'a form without a secret',
    { THINGPASS_SECRET: '', THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_cert_pem' },
    /^configuration problem: .*emqx, which has no secret/,
  ],
  [
    'the placeholder',
    { THINGPASS_SECRET: 'CHANGE-ME-at-least-16-characters' },
    /^secrets problem: .*placeholder/,
  ],
  ['one letter', { THINGPASS_SECRET: 'aaaaaaaaaaaaaaaaaaaa' }, /^secrets problem: .*repeats/],
  [
    'a readable secret',
    { THINGPASS_SECRET: '', THINGPASS_SECRET_FILE: written('secret', SECRET, 0o644) },
    /^files problem: .*can be read by/,
  ],
  [
    'a rules file for all to write',
    { THINGPASS_RULES_FILE: written('rules.yaml', 'rules: []\n', 0o666) },
    /^files problem: .*can be changed by/,
  ],
  ['a clock in the past', {}, /^clock problem: the clock says 1970/, 0],
  [
    'no database yet',
    { DATABASE_URL: `file:${join(folder(), 'none.db')}` },
    /^database advice: there is no database yet/,
  ],
  [
    'no database at all',
    { DATABASE_URL: `file:${written('not.db', 'no database'.repeat(999), 0o600)}` },
    /^database problem: the database cannot be read/,
  ],
  [
    'a server that is away',
    { DATABASE_URL: 'postgresql://user:hidden-password@127.0.0.1:1/none' },
    /^database problem: .*127\.0\.0\.1:1 cannot be asked/,
  ],
  [
    'ThingsBoard away',
    { THINGPASS_THINGSBOARD_DATABASE_URL: 'postgresql://user@127.0.0.1:1/none' },
    /^thingsboard problem: no connection/,
  ],
  [
    'an expired authority',
    { THINGPASS_CLIENT_CA_FILE: AUTHORITY },
    /^certificates problem: the authority .* expired on 20/,
    LATER,
  ],
  ['no authority', { THINGPASS_CLIENT_CA_FILE: '/none' }, /^certificates problem: THINGPASS_CLIENT_CA_FILE/],
  [
    'a list that is none',
    { THINGPASS_CLIENT_CA_FILE: AUTHORITY, THINGPASS_CRL: 'require', THINGPASS_CRL_FILES: AUTHORITY },
    /^certificates problem: the revocation list .* cannot be used/,
  ],
  [
    'a shared topic',
    {
      THINGPASS_MOUNTED_BROKERS: '',
      THINGPASS_RULES_FILE: written(
        'shared.yaml',
        'rules:\n  - { permission: allow, action: subscribe, filter: "v1/devices/me/#" }\n',
        0o600,
      ),
    },
    /^topics problem: .*shared\.yaml:2 lets devices subscribe to v1\/devices\/me\/#/,
  ],
  [
    'a rule that cannot be read',
    { THINGPASS_RULES_FILE: written('bad.yaml', 'rules:\n  - { permission: maybe }\n', 0o600) },
    /^topics problem: .*bad\.yaml:2/,
  ],
  ['nobody mounted apart', { THINGPASS_MOUNTED_BROKERS: '' }, /^topics advice: no broker mounts/],
  [
    'certificates only, of no form',
    { THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'emqx' },
    /^contradictions problem: .*nobody gets in/,
  ],
  [
    'headers from nobody',
    { THINGPASS_CERTIFICATE_FORMS: 'generic:nginx' },
    /^contradictions problem: generic:nginx reads/,
  ],
  [
    'headers from everybody',
    { THINGPASS_CERTIFICATE_FORMS: 'generic:nginx', THINGPASS_PROXIES: '0.0.0.0/0' },
    /^contradictions problem: .*every address/,
  ],
  [
    'proxies for nothing',
    { THINGPASS_PROXIES: '127.0.0.1' },
    /^contradictions advice: THINGPASS_PROXIES is set/,
  ],
  [
    'provisioning that nobody can read',
    { THINGPASS_PROVISION_BROKERS: 'emqx', THINGPASS_MOUNTED_BROKERS: 'vernemq' },
    /^contradictions problem: .*no session may read/,
  ],
  [
    'an API for nothing',
    { THINGPASS_EMQX_API_URL: 'http://127.0.0.1:18083/api/v5', THINGPASS_EMQX_API_KEY: 'key:secret' },
    /^contradictions advice: THINGPASS_EMQX_API_URL/,
  ],
  [
    'an overlap that is none',
    { THINGPASS_ONE_CREDENTIAL_PER_DEVICE: 'true', THINGPASS_ROTATION_OVERLAP_DAYS: '7' },
    /^contradictions advice: THINGPASS_ONE_/,
  ],
  [
    'other iterations than EMQX’s',
    { THINGPASS_SCRAM_ITERATIONS: '10000' },
    /^contradictions advice: THINGPASS_SCRAM_/,
  ],
  [
    'authorities for nothing',
    { THINGPASS_CLIENT_CA_FILE: AUTHORITY },
    /^contradictions advice: THINGPASS_CLIENT_CA_FILE/,
  ],
  ['lists for nothing', { THINGPASS_CRL_FILES: '/none' }, /^contradictions advice: revocation lists/],
  [
    'the next authenticator',
    { THINGPASS_NO_OPINION_BROKERS: 'emqx' },
    /^contradictions advice: .*next authenticator of emqx/,
  ],
];

for (const [name, settings, finding, now] of PLANTED) {
  test(`found: ${name}`, async () => {
    const all = await found({ ...(await sound()), ...settings }, undefined, now);
    assert.ok(
      all.some((one) => finding.test(one)),
      all.join('\n'),
    );
    assert.ok(!all.join().includes('hidden-password'));
  });
}

test('found: settings and database that others may read, and a folder that is not ours to write', async () => {
  const environment = await sound();
  const file = environment.DATABASE_URL?.slice('file:'.length) as string;
  chmodSync(file, 0o664);
  const all = await found(environment, written('.env', `THINGPASS_SECRET=${SECRET}\n`, 0o640));
  assert.equal(all.filter((one) => one.startsWith('files problem:')).length, 3, all.join('\n'));
  if (process.getuid?.() === 0) return;
  const closed = join(folder(), 'closed');
  mkdirSync(closed, { mode: 0o500 });
  const none = await found({ ...environment, DATABASE_URL: `file:${closed}/a.db` });
  assert.match(none.join('\n'), /database problem: .*folder is not writable/);
});

test('found: missing migrations, and those of a newer version; nothing is changed by looking', async () => {
  const environment = await sound();
  const database = new Database(environment.DATABASE_URL?.slice('file:'.length) as string);
  const newest = '(SELECT max(migration_name) FROM _prisma_migrations)';
  database.exec(`DELETE FROM _prisma_migrations WHERE migration_name = ${newest}`);
  for (let looked = 0; looked < 2; looked++)
    assert.match((await found(environment)).join('\n'), /^database problem: migrations are missing: \d+_/);
  database.exec(
    `UPDATE _prisma_migrations SET migration_name = '29990101000000_later' WHERE migration_name = ${newest}`,
  );
  database.close();
  assert.match((await found(environment)).join('\n'), /^database problem: .*newer version/m);
});

test('found: a profile whose stored pattern cannot be used', async () => {
  const environment = await sound();
  const database = new Database(environment.DATABASE_URL?.slice('file:'.length) as string);
  const data = { provisionConfiguration: { certificateRegExPattern: '(a)\\1' } };
  database
    .prepare(
      `INSERT INTO device_profile (id, created_time, name, provision_type, tenant_id, profile_data)
        VALUES (?, 1, 'by chain', 'X509_CERTIFICATE_CHAIN', ?, ?)`,
    )
    .run(randomUUID(), randomUUID(), JSON.stringify(data));
  database.close();
  assert.deepEqual(await found(environment), [
    'patterns problem: profile by chain lets no device in by its certificate: of its pattern, references to a group, such as \\1, are not supported',
  ]);
});

/** When the certificates in `test/golden/pki` end. */
const THEIR_END = Date.UTC(2060, 0);
const DAY_MS = 24 * 60 * 60_000;

test('found: devices’ certificates and authorities in bundles that end, as long as nothing takes their place', async () => {
  const environment = await sound();
  const location = { kind: 'sqlite', file: environment.DATABASE_URL?.slice('file:'.length) ?? '' } as const;
  const devices = await OpenedDevices.open(location);
  const certificate = readFileSync(join(GOLDEN, 'pki/p256.crt.pem'), 'utf8');
  for (const [name, request] of [
    ['ending', { kind: 'x509', certificate }],
    ['lasting', { kind: 'access_token' }],
  ] as const) {
    await serviceOf(devices).create({ name, profileName: 'default', gateway: false, request });
  }
  await devices.close();
  const prisma = await openPrisma(location);
  await addCertificates(
    new CaBundleRepository(prisma),
    'cloud',
    readFileSync(AUTHORITY, 'utf8'),
    SERVER_ACTOR,
  );
  await prisma.$disconnect();

  const ofExpiring = async (now: number, settings = {}) =>
    (await found({ ...environment, ...settings }, undefined, now)).filter((one) =>
      one.startsWith('expiring'),
    );
  assert.deepEqual(await ofExpiring(THEIR_END - 61 * DAY_MS), []);
  const [soon, bundle, ...none] = await ofExpiring(THEIR_END - 20 * DAY_MS);
  assert.match(
    soon ?? '',
    /^expiring advice: certificates .* within 30 days: 1, first ending’s, on 2060-01-01$/,
  );
  assert.match(
    bundle ?? '',
    /^expiring advice: the authority .* in the CA bundle cloud expires on 2060-01-01$/,
  );
  assert.deepEqual(none, []);
  const over = await ofExpiring(THEIR_END + DAY_MS);
  assert.match(
    over.join('\n'),
    /^expiring advice: certificates .* have ended.*\nexpiring problem: .* cloud expired on/,
  );
  const undated = await ofExpiring(THEIR_END + DAY_MS, { THINGPASS_SKIP_CERTIFICATE_DATES: 'true' });
  assert.doesNotMatch(undated.join('\n'), /certificates of devices/);
});

test('PostgreSQL: nothing is found in a sound installation', {
  skip: await withoutPostgresql(),
}, async (t) => {
  const database = await freshDatabase();
  t.after(() => database.drop());
  await migrate(database.location);
  assert.deepEqual(await found({ ...(await sound()), DATABASE_URL: database.location.url }), []);
});
