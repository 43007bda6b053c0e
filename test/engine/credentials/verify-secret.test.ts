import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StoredSecret } from '../../../src/engine/credentials/credentials-record.ts';
import { readStoredBasic } from '../../../src/engine/credentials/stored/stored-basic.ts';
import {
  createVerifySecret,
  equalsInConstantTime,
  PASSWORD_KEPT_ELSEWHERE,
  type SecretScheme,
} from '../../../src/engine/credentials/verify-secret.ts';
import { basic, NOW } from './support.ts';

const RECORD = basic('id', { userName: 'u', password: 'p' });
const MISMATCH = { valid: false, reason: 'mismatch' };

/** A scheme whose hash is the reversed password; of no use but to see who was asked. */
function reversing(name: string, asked: string[] = []): SecretScheme {
  return {
    name,
    matches: (hash) => hash.startsWith(`${name}:`),
    verify: async (hash, password) => {
      asked.push(`${name} ${hash}`);
      return hash === `${name}:${[...password].reverse().join('')}`;
    },
  };
}

function withSecrets(...secrets: readonly StoredSecret[]) {
  return basic('id', { userName: 'u', password: PASSWORD_KEPT_ELSEWHERE }, { secrets });
}

test('equal means the same code units, as in Java', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
      assert.equal(equalsInConstantTime(one, other), one === other);
      assert.ok(equalsInConstantTime(one, `${one}`));
    }),
  );
  // All of these are EF BF BD in UTF-8.
  assert.ok(!equalsInConstantTime('\ud800', '\ufffd'));
  assert.ok(!equalsInConstantTime('\ud800', '\udfff'));
});

test('plaintext: the very text, never an empty one', async () => {
  const verify = createVerifySecret();
  assert.deepEqual(await verify(RECORD, 'p', 'p', NOW), { valid: true });
  for (const presented of ['', 'P', 'p ', 'pp', '\ud800']) {
    assert.deepEqual(await verify(RECORD, 'p', presented, NOW), MISMATCH, presented);
  }
});

test('the marker of secrets kept elsewhere is no password, with or without secrets', async () => {
  const verify = createVerifySecret([reversing('a')]);
  const secret = { id: '1', hash: 'a:drow' };
  assert.deepEqual(
    await verify(withSecrets(), PASSWORD_KEPT_ELSEWHERE, PASSWORD_KEPT_ELSEWHERE, NOW),
    MISMATCH,
  );
  assert.deepEqual(
    await verify(withSecrets(secret), PASSWORD_KEPT_ELSEWHERE, PASSWORD_KEPT_ELSEWHERE, NOW),
    MISMATCH,
  );
  assert.deepEqual(await verify(withSecrets(secret), PASSWORD_KEPT_ELSEWHERE, 'word', NOW), {
    valid: true,
    secret,
  });
});

test('no client can present the marker, also to a ThingsBoard on the same rows', () => {
  const value = JSON.stringify({ userName: 'u', password: PASSWORD_KEPT_ELSEWHERE });
  assert.equal(readStoredBasic(value)?.password, PASSWORD_KEPT_ELSEWHERE, 'it survives being stored');
  // Passwords are bytes, decoded as UTF-8: whatever the bytes, never this text.
  assert.notEqual(Buffer.from(PASSWORD_KEPT_ELSEWHERE, 'utf8').toString('utf8'), PASSWORD_KEPT_ELSEWHERE);
  assert.ok(!PASSWORD_KEPT_ELSEWHERE.isWellFormed());
});

test('the plaintext in the value is not tried where secrets are', async () => {
  const record = basic('id', { userName: 'u', password: 'p' }, { secrets: [{ id: '1', hash: 'a:drow' }] });
  assert.deepEqual(await createVerifySecret([reversing('a')])(record, 'p', 'p', NOW), MISMATCH);
});

test('the first scheme that knows a hash checks it; unknown hashes match nothing', async () => {
  const asked: string[] = [];
  const verify = createVerifySecret([reversing('a', asked), reversing('b', asked)]);
  const secrets = [
    { id: '1', hash: 'c:drow' },
    { id: '2', hash: 'b:drow' },
  ];
  assert.deepEqual(await verify(withSecrets(...secrets), 'x', 'word', NOW), {
    valid: true,
    secret: secrets[1],
  });
  assert.deepEqual(asked, ['b b:drow']);
});

test('a secret outside its dates does not count, another within does', async () => {
  const verify = createVerifySecret([reversing('a')]);
  const old = { id: '1', hash: 'a:drow', notAfter: NOW };
  const next = { id: '2', hash: 'a:drow', notBefore: NOW + 1 };
  const good = { id: '3', hash: 'a:drow', notBefore: NOW, notAfter: NOW + 1 };
  assert.deepEqual(await verify(withSecrets(old), 'x', 'word', NOW), { valid: false, reason: 'expired' });
  assert.deepEqual(await verify(withSecrets(next), 'x', 'word', NOW), {
    valid: false,
    reason: 'not_yet_valid',
  });
  assert.deepEqual(await verify(withSecrets(old, next, good), 'x', 'word', NOW), {
    valid: true,
    secret: good,
  });
  // A wrong password learns nothing of dates.
  assert.deepEqual(await verify(withSecrets(old), 'x', 'wrong', NOW), MISMATCH);
});
