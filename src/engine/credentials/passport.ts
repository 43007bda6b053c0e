import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { BoundedMap } from '../../util/bounded-map.ts';
import { detachString } from '../../util/detach-string.ts';

/**
 * What a connect answer hands to the broker so that a later topic check knows who asks: the holder, which is a text with the
 * credentials id that matched, sealed under a key of ours and bound to the client id. Sealed rather than signed, because a
 * credentials id may be an access token, and brokers show client attributes in logs and dashboards.
 */
export interface Passports {
  /** The same client id and holder always give the same text, which brokers' caches rely on. */
  issue(clientId: string, subject: string): string;
  /** The holder, or `undefined` when the passport is not ours or was issued to another client id. */
  read(clientId: string, passport: string): string | undefined;
}

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
/** Longest holder MQTT can carry, sealed and in Base64. */
const LONGEST_PASSPORT = 100_000;

/** Passports to remember, some 300 bytes each: sealing one costs more than everything else in a decision. */
const REMEMBERED = 20_000;
/** Longer ones are sealed each time: a client may take a client id of 64 KiB, and another one at each connect. */
const LONGEST_REMEMBERED = 512;

/**
 * Passports that remember those in use: devices connect again, and brokers hand the same one back at every topic check.
 * @param key at least 32 random bytes, the same on every replica.
 */
export function createPassports(key: Uint8Array): Passports {
  const passports = createSealing(key);
  const issued = new BoundedMap<string, string>(REMEMBERED);
  const read = new BoundedMap<string, { readonly clientId: string; readonly subject: string }>(REMEMBERED);
  return {
    issue(clientId, subject) {
      const pair = `${clientId.length}:${clientId}${subject}`;
      const known = issued.get(pair);
      if (known !== undefined) return known;
      const passport = passports.issue(clientId, subject);
      if (pair.length <= LONGEST_REMEMBERED) issued.set(pair, passport);
      return passport;
    },
    read(clientId, passport) {
      const known = read.get(passport);
      if (known !== undefined) return known.clientId === clientId ? known.subject : undefined;
      const subject = passports.read(clientId, passport);
      if (subject === undefined) return undefined;
      if (passport.length + clientId.length <= LONGEST_REMEMBERED)
        read.set(detachString(passport), { clientId: detachString(clientId), subject });
      return subject;
    },
  };
}

function createSealing(key: Uint8Array): Passports {
  const sealingKey = Buffer.from(hkdfSync('sha256', key, '', 'thingpass passport sealing', 32));
  const nonceKey = Buffer.from(hkdfSync('sha256', key, '', 'thingpass passport nonce', 32));
  return {
    issue(clientId, subject) {
      // A nonce made from all that is sealed repeats only where the whole message does (RFC 8452 section 1, SIV).
      const nonce = createHmac('sha256', nonceKey)
        .update(`${Buffer.byteLength(clientId)}:${clientId}${subject}`)
        .digest()
        .subarray(0, NONCE_LENGTH);
      const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce);
      cipher.setAAD(Buffer.from(clientId, 'utf8'));
      const sealed = Buffer.concat([cipher.update(subject, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
    },
    read(clientId, passport) {
      if (passport.length > LONGEST_PASSPORT) return undefined;
      const bytes = Buffer.from(passport, 'base64url');
      if (bytes.length < NONCE_LENGTH + TAG_LENGTH) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', sealingKey, bytes.subarray(0, NONCE_LENGTH), {
        authTagLength: TAG_LENGTH,
      });
      decipher.setAAD(Buffer.from(clientId, 'utf8'));
      decipher.setAuthTag(bytes.subarray(-TAG_LENGTH));
      try {
        return (
          decipher.update(bytes.subarray(NONCE_LENGTH, -TAG_LENGTH), undefined, 'utf8') +
          decipher.final('utf8')
        );
      } catch {
        return undefined;
      }
    },
  };
}
