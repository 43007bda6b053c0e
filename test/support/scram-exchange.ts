import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/*
 * A SCRAM client and an EMQX between which a login goes to and fro (RFC 5802 section 3; `src/brokers/emqx/emqx.md` section 7).
 * It shares no line with what makes the keys.
 */

/** The authenticator's own settings, which the answer does not change. */
export interface ScramSettings {
  readonly algorithm: 'sha256' | 'sha512';
  readonly iterationCount: number;
}

export interface Client {
  readonly username: string;
  readonly password: string;
}

/** `no first message`: refused before the client was told a salt. */
export type ScramOutcome = 'in' | 'refused' | 'no first message' | 'not our server';

/** @param answer status and body with which the keys were answered; the body is JSON. */
export function scramLogin(
  client: Client,
  answer: { readonly status: number; readonly body: string },
  { algorithm, iterationCount }: ScramSettings,
): ScramOutcome {
  const keys = answer.status === 200 ? (JSON.parse(answer.body) as Record<string, unknown>) : {};
  const [storedKey, serverKey, salt] = [keys.stored_key, keys.server_key, keys.salt].map(fromHex);
  if (storedKey === undefined || serverKey === undefined || salt === undefined) return 'no first message';

  const nonce = randomBytes(18).toString('base64');
  const first = `n=${client.username},r=${nonce}`;
  const together = nonce + randomBytes(18).toString('base64');
  const serverFirst = `r=${together},s=${salt.toString('base64')},i=${iterationCount}`;

  const hmac = (key: Buffer, text: string) => createHmac(algorithm, key).update(text).digest();
  const hash = (bytes: Buffer) => createHash(algorithm).update(bytes).digest();
  const length = hash(Buffer.alloc(0)).length;
  const salted = pbkdf2Sync(client.password, salt, iterationCount, length, algorithm);
  const messages = `${first},${serverFirst},c=biws,r=${together}`;
  const clientKey = hmac(salted, 'Client Key');
  const proof = xor(clientKey, hmac(hash(clientKey), messages));

  // The server takes the client's key out of the proof and looks whether it hashes to the stored one.
  const claimed = hash(xor(proof, hmac(storedKey, messages)));
  if (claimed.length !== storedKey.length || !timingSafeEqual(claimed, storedKey)) return 'refused';
  const signature = hmac(serverKey, messages);
  return signature.equals(hmac(hmac(salted, 'Server Key'), messages)) ? 'in' : 'not our server';
}

function fromHex(value: unknown): Buffer | undefined {
  return typeof value === 'string' && /^([0-9a-f]{2})+$/i.test(value) ? Buffer.from(value, 'hex') : undefined;
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ (other[at] as number)));
}
