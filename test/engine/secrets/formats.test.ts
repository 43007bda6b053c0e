import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemOfHash } from '../../../src/engine/secrets/formats.ts';
import { KNOWN_EMQX_HASHES } from './known-emqx-hashes.ts';
import { KNOWN_HASHES as OTHERS } from './known-hashes.ts';
import { secretSchemes, verify } from './support.ts';

const KNOWN_HASHES = [...OTHERS, ...KNOWN_EMQX_HASHES];

test('every hash of another implementation verifies with its password in exactly one scheme', async (t) => {
  const secrets = secretSchemes(t);
  for (const { from, scheme, hash, password } of KNOWN_HASHES) {
    await t.test(`${scheme}, ${from}: ${hash.slice(0, 40)}`, async () => {
      const schemes = secrets.schemes.filter((one) => one.matches(hash)).map((one) => one.name);
      assert.deepEqual(schemes, [scheme]);
      assert.equal(problemOfHash(hash), undefined);
      assert.equal(await verify(secrets, hash, password), true);
      assert.equal(await verify(secrets, hash, `${password} `.slice(1)), false);
      assert.equal(await verify(secrets, hash, ''), false);
    });
  }
});

test('the known hashes cover every scheme', (t) => {
  const covered = new Set(KNOWN_HASHES.map(({ scheme }) => scheme));
  assert.deepEqual(
    [...covered].sort(),
    secretSchemes(t)
      .schemes.map((one) => one.name)
      .sort(),
  );
});

test('bcrypt uses the first 72 bytes of a password, and never accepts NUL', async (t) => {
  const secrets = secretSchemes(t);
  const known = KNOWN_HASHES.find(({ password }) => password.length === 72);
  assert.ok(known);
  assert.equal(await verify(secrets, known.hash, `${known.password}whatever`), true);
  assert.equal(await verify(secrets, known.hash, known.password.slice(0, 71)), false);
  assert.equal(
    await verify(secrets, '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U\0'),
    false,
  );
});

test('a stored hash of the empty password admits nobody', async (t) => {
  const secrets = secretSchemes(t);
  // SHA-256 of nothing; EMQX would take it.
  const hash = '$emqx$a=sha256,s=disable$$47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU';
  assert.equal(problemOfHash(hash), undefined);
  assert.equal(await verify(secrets, hash, ''), false);
  await assert.rejects(secrets.hashChosen(''), RangeError);
  assert.throws(() => secrets.hashGenerated(''), RangeError);
});
