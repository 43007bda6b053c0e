import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createKeepPassword } from '../../../../src/engine/secrets/keep-password.ts';
import { createSecretSchemes } from '../../../../src/engine/secrets/secret-schemes.ts';
import type { EmqxAlgorithm } from '../../../../src/fleet/devices/import/emqx-algorithm.ts';
import { importDevices } from '../../../../src/fleet/devices/import/import-devices.ts';
import { createSecretKeeper, importQueue } from '../../../../src/fleet/devices/import/keep-secret.ts';
import { readImport } from '../../../../src/fleet/devices/import/read-import.ts';
import type { PrismaClient } from '../../../../src/storage/connections/prisma.ts';
import { ImportRepository } from '../../../../src/storage/repositories/import/import-repository.ts';
import { KNOWN_EMQX_HASHES } from '../../../engine/secrets/known-emqx-hashes.ts';
import { KNOWN_HASHES, PASSWORD } from '../../../engine/secrets/known-hashes.ts';
import { openPrisma } from '../../../support/prisma.ts';
import { startTestServer, type TestServer } from '../../../support/server.ts';

/** A row of a user file, the configuration of the broker that it is from, and what the user types. */
interface User {
  readonly algorithm: EmqxAlgorithm;
  readonly hash: string;
  readonly salt: string;
  readonly password: string;
}

const DIGESTS = ['plain', 'md5', 'sha', 'sha256', 'sha512'] as const;
const POSITIONS = ['disable', 'prefix', 'suffix'] as const;
const MAC_FUNCTIONS = ['sha', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
const SALT = '5b1f3c8e9d0a4b6c7e8f9a0b1c2d3e4f';

/** What EMQX’s own module computed; all functions of PBKDF2 are among it. */
const FROM_EMQX: readonly User[] = KNOWN_EMQX_HASHES.map(({ hash: text, password }) => {
  const [, , parameters = '', salt = '', hash = ''] = text.split('$');
  const { a: name, s, f, i, l } = Object.fromEntries(parameters.split(',').map((one) => one.split('=')));
  const bytes = Buffer.from(hash, 'base64');
  return {
    algorithm:
      name === 'pbkdf2'
        ? { name, macFunction: f, iterations: Number(i), keyBytes: Number(l) }
        : { name, saltPosition: s },
    hash: name === 'plain' ? bytes.toString() : bytes.toString('hex'),
    salt: Buffer.from(salt, 'base64').toString(),
    password,
  };
});

/** As EMQX’s documentation says: the digest of the password, with the salt’s text in front, behind, or without it. */
const COMPUTED: readonly User[] = DIGESTS.flatMap((name) =>
  POSITIONS.map((saltPosition) => {
    const salt = saltPosition === 'disable' ? '' : SALT;
    const salted = saltPosition === 'prefix' ? salt + PASSWORD : PASSWORD + salt;
    const digest = () =>
      createHash(name === 'sha' ? 'sha1' : name)
        .update(salted)
        .digest('hex');
    const hash = name === 'plain' ? salted : digest();
    return { algorithm: { name, saltPosition }, hash, salt, password: PASSWORD };
  }),
);

const BCRYPT: readonly User[] = KNOWN_HASHES.filter(({ scheme }) => scheme === 'bcrypt').map(
  ({ hash, password }) => ({ algorithm: { name: 'bcrypt' }, hash, salt: '', password }),
);

let server: TestServer;
let prisma: PrismaClient;
const secrets = createSecretSchemes({
  queue: importQueue(),
  chosen: { scheme: 'scrypt', ln: 4, r: 8, p: 1 },
});
before(async () => {
  server = await startTestServer();
  prisma = await openPrisma(server.config.database);
});
after(async () => {
  await server?.close();
  await prisma?.$disconnect();
  await secrets.close();
});

test('EMQX users of every algorithm connect through EMQX with their passwords', async () => {
  const users = [...FROM_EMQX, ...COMPUTED, ...BCRYPT].filter(({ password }) => isText(password));
  const tested = new Set(users.map(({ algorithm }) => describe(algorithm)));
  assert.deepEqual(
    [...tested].sort(),
    [
      ...DIGESTS.flatMap((name) => POSITIONS.map((position) => `${name} ${position}`)),
      ...MAC_FUNCTIONS.map((name) => `pbkdf2 ${name}`),
      'bcrypt',
    ].sort(),
  );
  for (const [index, user] of users.entries()) {
    const name = `user-${index}`;
    const detail = `${name}, ${describe(user.algorithm)}`;
    assert.deepEqual(await importing(name, user), ['created'], detail);
    assert.deepEqual(
      [
        await connects(name, user.password),
        await connects(name, `x${user.password}`),
        await connects(name, user.hash),
      ],
      ['allow', 'deny', user.hash === user.password ? 'allow' : 'deny'],
      detail,
    );
  }
});

/** What became of each line. */
async function importing(name: string, { algorithm, hash, salt }: User): Promise<string[]> {
  const outcomes: string[] = [];
  await importDevices(
    readImport('emqx-csv', [`user_id,password_hash,salt,is_superuser\n${name},${hash},${salt},false\n`], {
      algorithm,
    }),
    {
      store: new ImportRepository(prisma, server.config.database.kind, { name: 'test', origin: 'here' }),
      keeper: createSecretKeeper(secrets.schemes, createKeepPassword(secrets), 'chosen'),
      report: ({ outcome, detail }) => outcomes.push([outcome, detail].filter(Boolean).join(' ')),
    },
    {
      importId: randomUUID(),
      format: 'emqx-csv',
      defaultProfile: 'default',
      dryRun: false,
      oneCredential: false,
    },
  );
  return outcomes;
}

async function connects(username: string, password: string): Promise<string> {
  const response = await fetch(`${server.url}/emqx/authentication`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ clientid: username, username, password }),
  });
  return ((await response.json()) as { result: string }).result;
}

function describe(algorithm: EmqxAlgorithm): string {
  if (algorithm.name === 'bcrypt') return algorithm.name;
  if (algorithm.name === 'pbkdf2') return `pbkdf2 ${algorithm.macFunction}`;
  return `${algorithm.name} ${algorithm.saltPosition}`;
}

/** What stands in a line of EMQX’s CSV. */
function isText(password: string): boolean {
  return password !== '' && !/\p{Cc}/u.test(password);
}
