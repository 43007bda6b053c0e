import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { deriveScramKeys } from '../../../src/engine/secrets/scram.ts';
import { goldenJson } from '../../support/golden.ts';

test('the keys are those of RFC 7677 section 3: they accept the client’s proof and sign as the server does', async () => {
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
  const message = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=${salt},i=4096,c=biws,r=${nonce}`;
  const keys = await deriveScramKeys('pencil', { algorithm: 'sha256', salt: Buffer.from(salt, 'base64') });
  const storedKey = Buffer.from(keys.storedKey, 'hex');
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
  const signature = createHmac('sha256', storedKey).update(message).digest();
  const clientKey = proof.map((byte, at) => byte ^ (signature[at] as number));
  assert.deepEqual(createHash('sha256').update(clientKey).digest(), storedKey);
  const server = createHmac('sha256', Buffer.from(keys.serverKey, 'hex')).update(message).digest('base64');
  assert.equal(server, '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

interface Vector {
  readonly id: string;
  readonly response: { readonly body: string };
}

test('the keys are those with which a real EMQX admitted a client', async () => {
  const vectors = goldenJson<{ vectors: readonly Vector[] }>('vectors/emqx/responses.json').vectors;
  const body = vectors.find((one) => one.id === 'scram/allow')?.response.body ?? '{}';
  const { stored_key, server_key, salt } = JSON.parse(body) as Record<string, string>;
  assert.ok(salt);
  const keys = await deriveScramKeys('pencil', { algorithm: 'sha256', salt: Buffer.from(salt, 'hex') });
  assert.deepEqual(
    { ...keys },
    { algorithm: 'sha256', iterations: 4096, salt, storedKey: stored_key, serverKey: server_key },
  );
});

test('SHA-512 keys are those of Python’s hashlib and hmac', async () => {
  const salt = Buffer.from(Array.from({ length: 16 }, (_, i) => i));
  const keys = await deriveScramKeys('pencil', { algorithm: 'sha512', salt });
  assert.equal(
    keys.storedKey,
    '0c1ace8892c956465e33f958063ca7f0793f2d0d91accdd5fd88391ddd7d41f682155fe868f79000c264c2dbc1762e1780045e8d4dee704f5e0da80130727e57',
  );
  assert.equal(
    keys.serverKey,
    'daf0dc7bc9a1c10b3546f49fbb14b86c314538dc6b00e8bfc9e78f21a8b08a0db1882d7a95078dfb01cecce366ff5f15338f49160f57a00c90ee81c53dabc0de',
  );
});

test('salts are random, iterations limited, and equivalent spellings give the same keys', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => deriveScramKeys('x', { algorithm: 'sha256' })));
  assert.match(one?.salt ?? '', /^[0-9a-f]{32}$/);
  assert.notEqual(one?.salt, other?.salt);
  for (const iterations of [0, -1, 1.5, 1e9, Number.NaN]) {
    await assert.rejects(deriveScramKeys('x', { algorithm: 'sha256', iterations }), RangeError);
  }
  await assert.rejects(deriveScramKeys('', { algorithm: 'sha256' }), RangeError);
  const salt = Buffer.alloc(16);
  const composed = await deriveScramKeys('caf\u00e9', { algorithm: 'sha256', salt });
  assert.deepEqual(await deriveScramKeys('cafe\u0301', { algorithm: 'sha256', salt }), composed);
});

/** The password that a client may type as well, or `refused`: two passwords are the same where their keys are. */
const PREPARED: readonly (readonly [password: string, same: string | undefined])[] = [
  // RFC 4013 section 3.
  ['I\u00adX', 'IX'],
  ['\u00aa', 'a'],
  ['\u2168', 'IX'],
  ['\u0007', undefined],
  ['\u0627\u0031', undefined],
  // Sections 2.1 to 2.4, and RFC 3454's tables as Unicode 3.2 had them.
  ['a\u00a0b', 'a b'],
  ['a\u200bb', 'a b'],
  ['a\u1806b', 'ab'],
  ['\u0627\u0031\u0628', '\u0627\u0031\u0628'],
  ['a\u0660', 'a\u0660'],
  ['a\u0640', undefined],
  ['\u00ad', undefined],
  ['\ud800', undefined],
  ['\ue000', undefined],
  // Unassigned in Unicode 3.2.
  ['a\u0591', 'a\u0591'],
  ['\u{1f600}', '\u{1f600}'],
];

test('passwords that are equal after SASLprep have the same keys, and forbidden ones have none', async () => {
  const options = { algorithm: 'sha256', iterations: 1, salt: Buffer.alloc(16) } as const;
  for (const [password, same] of PREPARED) {
    const keys = deriveScramKeys(password, options);
    const name = JSON.stringify(password);
    if (same === undefined) {
      await assert.rejects(keys, { name: 'RangeError', message: /SASLprep forbids/ }, name);
      continue;
    }
    const salted = pbkdf2Sync(same, options.salt, options.iterations, 32, 'sha256');
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    assert.equal((await keys).storedKey, createHash('sha256').update(clientKey).digest('hex'), name);
  }
});
