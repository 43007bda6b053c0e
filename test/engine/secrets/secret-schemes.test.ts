import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashProvisionally } from '../../../src/engine/secrets/emqx-password.ts';
import { createSecretSchemes } from '../../../src/engine/secrets/secret-schemes.ts';
import { KNOWN_EMQX_HASHES } from './known-emqx-hashes.ts';
import { KNOWN_HASHES as OTHERS } from './known-hashes.ts';
import { secretSchemes, verify } from './support.ts';

const KNOWN_HASHES = [...OTHERS, ...KNOWN_EMQX_HASHES];

test('a chosen password is stored with scrypt at the default cost, salted, and verifies', async (t) => {
  const secrets = createSecretSchemes();
  t.after(() => secrets.close());
  const [one, other] = await Promise.all([secrets.hashChosen('pässwörd€'), secrets.hashChosen('pässwörd€')]);
  assert.match(one, /^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, other);
  assert.equal(await verify(secrets, one, 'pässwörd€'), true);
  assert.equal(await verify(secrets, one, 'pässwörd'), false);
  assert.equal(secrets.needsUpgrade(one), false);
});

test('Argon2id can be chosen instead', async (t) => {
  const secrets = secretSchemes(t, {
    chosen: { scheme: 'argon2id', memory: 64, iterations: 2, parallelism: 1 },
  });
  const hash = await secrets.hashChosen('meter');
  assert.match(hash, /^\$argon2id\$v=19\$m=64,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(await verify(secrets, hash, 'meter'), true);
  assert.equal(secrets.needsUpgrade(hash), false);
});

test('a cost that checks refuse is refused as a setting', () => {
  assert.throws(() => createSecretSchemes({ chosen: { scheme: 'scrypt', ln: 20, r: 8, p: 1 } }), RangeError);
  const chosen = { scheme: 'argon2id', memory: 4, iterations: 1, parallelism: 1 } as const;
  assert.throws(() => createSecretSchemes({ chosen }), RangeError);
});

test('every hash needs an upgrade except ThingPass’s formats at the current cost', async (t) => {
  const secrets = secretSchemes(t);
  const dearer = secretSchemes(t, { chosen: { scheme: 'scrypt', ln: 5, r: 8, p: 1 } });
  const other = secretSchemes(t, {
    chosen: { scheme: 'argon2id', memory: 64, iterations: 1, parallelism: 1 },
  });
  const hash = await secrets.hashChosen('meter');
  assert.equal(secrets.needsUpgrade(hash), false);
  assert.equal(dearer.needsUpgrade(hash), true);
  assert.equal(other.needsUpgrade(hash), true);
  assert.equal(secrets.needsUpgrade(await dearer.hashChosen('meter')), false);
  const longerWithLess = secretSchemes(t, { chosen: { scheme: 'scrypt', ln: 3, r: 8, p: 4 } });
  assert.equal(secrets.needsUpgrade(await longerWithLess.hashChosen('meter')), true);
  assert.equal(secrets.needsUpgrade(secrets.hashGenerated('x')), false);
  for (const { hash: old, scheme } of KNOWN_HASHES) {
    // Dear scrypt and generated secrets are ours whoever made them.
    assert.equal(secrets.needsUpgrade(old), scheme !== 'hmac-sha256' && scheme !== 'scrypt', old);
  }
});

test('imported plaintext is hashed at once with a salt, and needs an upgrade', async (t) => {
  const secrets = secretSchemes(t);
  const hash = hashProvisionally('pässwörd€');
  assert.notEqual(hash, hashProvisionally('pässwörd€'));
  assert.equal(await verify(secrets, hash, 'pässwörd€'), true);
  assert.equal(await verify(secrets, hash, 'password'), false);
  assert.equal(secrets.needsUpgrade(hash), true);
});

test('generated secrets are uniformly random letters and digits', async (t) => {
  const secrets = secretSchemes(t);
  const lengths = { access_token: 20, password: 32, provision_key: 20, api_key: 43 } as const;
  const counts = new Map<string, number>();
  for (const [kind, length] of Object.entries(lengths)) {
    const made = Array.from({ length: 2000 }, () => secrets.generate(kind as keyof typeof lengths));
    assert.equal(new Set(made).size, made.length);
    for (const text of made) {
      assert.match(text, new RegExp(`^[A-Za-z0-9]{${length}}$`));
      for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
  }
  assert.equal(counts.size, 62);
  const expected = (2000 * 115) / 62;
  // Seven standard deviations are 12 %; bytes modulo 62 would give eight of the letters a quarter more.
  for (const [letter, count] of counts)
    assert.ok(Math.abs(count / expected - 1) < 0.12, `${letter}: ${count}`);
});
