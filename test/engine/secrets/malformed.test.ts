import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { problemOfHash } from '../../../src/engine/secrets/formats.ts';
import { KNOWN_EMQX_HASHES } from './known-emqx-hashes.ts';
import { KNOWN_HASHES as OTHERS } from './known-hashes.ts';
import { secretSchemes, verify } from './support.ts';

const KNOWN_HASHES = [...OTHERS, ...KNOWN_EMQX_HASHES];

const CHEAP = KNOWN_HASHES.filter(({ hash }) => !/100000|80000|ln=1|m=65536|m=47104/.test(hash));

test('a hash truncated anywhere never verifies', async (t) => {
  const secrets = secretSchemes(t);
  for (const { hash, password } of CHEAP) {
    for (let length = 0; length < hash.length; length++) {
      assert.equal(await verify(secrets, hash.slice(0, length), password), false, hash.slice(0, length));
    }
  }
});

test('a foreign character in a hash is not ignored', async (t) => {
  const secrets = secretSchemes(t);
  for (const { hash, password } of CHEAP) {
    for (let at = 0; at <= hash.length; at++) {
      const changed = `${hash.slice(0, at)}%${hash.slice(at)}`;
      assert.equal(await verify(secrets, changed, password), false, changed);
    }
  }
});

test('a PBKDF2 hash without its length can be truncated only to 24 or 48 bytes, which are secure enough', async (t) => {
  const secrets = secretSchemes(t);
  const key = pbkdf2Sync('meter', 'salt', 1, 64, 'sha512').toString('base64');
  const lengths: number[] = [];
  for (let length = 0; length <= key.length; length++) {
    if (await verify(secrets, `PBKDF2$sha512$1$c2FsdA==$${key.slice(0, length)}`, 'meter'))
      lengths.push(length);
  }
  assert.deepEqual(lengths, [32, 64, 88]);
});

test('changed text never throws, and verifies only if its meaning is the same', async (t) => {
  const secrets = secretSchemes(t);
  const change = fc.record({
    known: fc.constantFrom(...CHEAP),
    at: fc.nat(120),
    remove: fc.nat(4),
    insert: fc.oneof(
      fc.string({ maxLength: 4, unit: 'binary' }),
      fc.constantFrom('$', '=', ',', '\0', '\n', '$$', '%'),
    ),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ known, at, remove, insert }) => {
      const hash = known.hash.slice(0, at) + insert + known.hash.slice(at + remove);
      fc.pre(!/(?:i=|l=|m=|t=|p=|ln=|r=)[0-9]{5,}|\$[0-9]{5,}|\$(?:0[7-9]|1[0-9])\$/.test(hash));
      const verified = await verify(secrets, hash, known.password);
      if (verified) assert.equal(problemOfHash(hash), undefined);
      assert.equal(await verify(secrets, hash, 'another password'), false);
    }),
    { numRuns: 1500 },
  );
});

test('any text is refused or read, without an exception', async (t) => {
  const secrets = secretSchemes(t);
  const heads = [
    '',
    '$',
    '$6$',
    '$7$',
    '$2a$',
    '$scrypt$',
    '$argon2id$',
    'PBKDF2$',
    '$pbkdf2-sha512$',
    '$emqx$',
    '$hmac-sha256$',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...heads),
      fc.string({ unit: 'binary' }),
      fc.string(),
      async (head, text, password) => {
        assert.equal(await verify(secrets, head + text, password), false);
      },
    ),
    { numRuns: 2000 },
  );
});

const SALT = 'AAECAwQFBgcICQoLDA0ODw';
const HASH = 'AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8';

/** What an import could bring to eat the machine, or to match more than one password. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  [`$scrypt$ln=30,r=8,p=1$${SALT}$${HASH}`]: /128 MiB/,
  [`$scrypt$ln=31,r=1,p=1$${SALT}$${HASH}`]: /128 MiB/,
  [`$scrypt$ln=14,r=8,p=999$${SALT}$${HASH}`]: /block mixes/,
  [`$scrypt$ln=0,r=8,p=1$${SALT}$${HASH}`]: /positive/,
  [`$scrypt$ln=14,r=8,p=1$${SALT}$AAAA`]: /length/,
  [`$argon2id$v=19$m=4194304,t=1,p=1$${SALT}$${HASH}`]: /128 MiB/,
  [`$argon2id$v=19$m=65536,t=4000000,p=1$${SALT}$${HASH}`]: /KiB/,
  [`$argon2id$v=19$m=65536,t=1,p=200$${SALT}$${HASH}`]: /lanes/,
  [`$argon2id$v=19$m=8,t=1,p=4$${SALT}$${HASH}`]: /each lane/,
  [`$argon2id$v=16$m=4096,t=1,p=1$${SALT}$${HASH}`]: /form/,
  [`$argon2id$m=4096,t=1,p=1$${SALT}$${HASH}`]: /form/,
  [`$argon2id$v=19$m=4096,t=1,p=1$${SALT}$AAAA`]: /truncated/,
  '$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW': /cost/,
  '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW': /form/,
  [`PBKDF2$sha512$999999999$${SALT}==$${HASH}=`]: /rounds/,
  PBKDF2$sha512$1: /form/,
  PBKDF2$sha512$1$$: /shorter/,
  [`PBKDF2$md5$1$${SALT}==$${HASH}=`]: /digest/,
  [`PBKDF2$sha512$-1$${SALT}==$${HASH}=`]: /iterations/,
  // go-auth compares as many bytes as the hash has, so one byte would let in one password of 256.
  [`PBKDF2$sha512$1$${SALT}==$AA==`]: /unusual|shorter/,
  [`$pbkdf2-sha512$i=10,l=64$${SALT}$${HASH}`]: /truncated/,
  [`$7$999999999$${SALT}==$${'A'.repeat(86)}==`]: /rounds/,
  [`$7$0$${SALT}==$${'A'.repeat(86)}==`]: /iterations/,
  // sha512crypt, which glibc writes.
  [`$6$saltstring$${'a'.repeat(86)}`]: /mosquitto_passwd/,
  [`$emqx$a=md4,s=prefix$${SALT}$${HASH}`]: /form/,
  [`$emqx$a=sha256,s=middle$${SALT}$${HASH}`]: /form/,
  [`$emqx$a=sha512,s=prefix$${SALT}$${HASH}`]: /length/,
  '$emqx$a=plain,s=disable$$': /length/,
  [`$emqx$a=pbkdf2,f=sha256,i=99999999,l=32$${SALT}$${HASH}`]: /rounds/,
  [`$emqx$a=pbkdf2,f=md5,i=9,l=32$${SALT}$${HASH}`]: /digest/,
  [`$hmac-sha256$${SALT}$AAAA`]: /length/,
  [`$hmac-sha256$${SALT}$${'A'.repeat(9000)}`]: /longer/,
  '': /known/,
  hunter2: /known/,
};

test('costs beyond the limits and damaged texts are refused at once, with the reason', async (t) => {
  const secrets = secretSchemes(t);
  for (const [hash, reason] of Object.entries(REFUSED)) {
    assert.match(problemOfHash(hash) ?? 'none', reason, hash);
    const began = process.cpuUsage();
    assert.equal(await verify(secrets, hash, 'hunter2'), false, hash);
    const { user } = process.cpuUsage(began);
    assert.ok(user < 50_000, `${hash}: ${user} µs`);
  }
});
