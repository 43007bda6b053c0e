import { getHashes, hash } from 'node:crypto';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { BoundedMap } from '../../../util/bounded-map.ts';
import { detachString } from '../../../util/detach-string.ts';

/**
 * ThingsBoard's `EncryptionUtil.trim`: the armour lines of a certificate and all line breaks go, in this very order, so
 * that a BEGIN line broken by a line feed survives and a broken END line does not (`thingsboard.md` section 3).
 */
export function trim(text: string): string {
  if (!/[\n\r]|-----/.test(text)) return text;
  return text
    .replaceAll('-----BEGIN CERTIFICATE-----', '')
    .replaceAll('\n', '')
    .replaceAll('\r', '')
    .replaceAll('-----END CERTIFICATE-----', '');
}

/** SHA3-256 of the trimmed text's UTF-8, 64 lower-case hex digits; the trimming applies to every input (section 3). */
export function sha3(text: string): string {
  return digest(trim(text));
}

/** {@link sha3} of the parts that are not empty, joined (section 3). @internal */
export function sha3OfJoined(delimiter: string, parts: readonly (string | null | undefined)[]): string {
  return sha3(parts.filter((part) => part).join(delimiter));
}

/** Some 200 bytes each. A client that connects is asked about again, and a hash costs more than the decision. */
const remembered = new BoundedMap<string, string>(20_000);
const LONGEST_REMEMBERED = 200;

/** The id under which credentials for this client id and user name are stored; either may be empty (section 1.1). */
export function basicCredentialsId(clientId: string, userName: string): string {
  const pair = clientId === '' || userName === '' ? clientId + userName : `${clientId}|${userName}`;
  const known = remembered.get(pair);
  if (known !== undefined) return known;
  const id = sha3(pair);
  if (pair.length <= LONGEST_REMEMBERED) remembered.set(detachString(pair), id);
  return id;
}

/** The reference, on every machine. @internal */
export function sha3WithNoble(text: string): string {
  return bytesToHex(sha3_256(utf8ToBytes(text)));
}

/** OpenSSL's, several times as fast. @internal */
export function sha3WithOpenSsl(text: string): string {
  return hash('sha3-256', text, 'hex');
}

/** Some builds of OpenSSL (FIPS, BoringSSL) have no SHA-3. @internal */
export const OPENSSL_HAS_SHA3 = getHashes().includes('sha3-256');

const digest = OPENSSL_HAS_SHA3 ? sha3WithOpenSsl : sha3WithNoble;
