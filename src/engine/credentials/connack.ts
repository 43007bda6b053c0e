import { CONNACK_NOT_AUTHORIZED, type ConnackCode } from '../../model/decision.ts';

const BAD_CREDENTIALS: ConnackCode = Object.freeze({ v3: 5, v5: 0x86 });
const CLIENT_ID_REJECTED: ConnackCode = Object.freeze({ v3: 2, v5: 0x85 });

/** The answer of ThingsBoard when a session cannot open because of a rate limit (`thingsboard.md` section 5). */
export const CONNACK_RATE_LIMITED: ConnackCode = Object.freeze({ v3: 3, v5: 0x9f });

/**
 * The CONNACK codes for unknown or wrong credentials without a certificate (`thingsboard.md` section 5). What counts is
 * whether user name and password were in the CONNECT, not whether they were empty.
 */
export function connackForRefusedBasic(attempt: {
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}): ConnackCode {
  if (attempt.username !== undefined || attempt.password !== undefined) return BAD_CREDENTIALS;
  return isBlank(attempt.clientId) ? CONNACK_NOT_AUTHORIZED : CLIENT_ID_REJECTED;
}

/** Java's: nothing is left after taking away every character up to U+0020. */
export function isBlank(text: string): boolean {
  return !/[^\0-\x20]/.test(text);
}
