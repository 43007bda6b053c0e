import { isAbsent } from './text/absence.ts';

/**
 * What a TLS endpoint reports about its verification. `none`: no certificate was presented. `silent`: the form has
 * a place for the result, and it is empty.
 */
export interface Verification {
  readonly result: 'verified' | 'failed' | 'not_checked' | 'none' | 'silent';
  /** For the log: printable ASCII, at most 100 characters. */
  readonly detail?: string | undefined;
}

/**
 * Reads a product's verification text. Texts are compared exactly, and unknown ones count as failed
 * (`forwarded-certificates.md` section 2, rule 6).
 */
export type VerificationWords = (text: string) => Verification;

const VERIFIED: Verification = { result: 'verified' };
const NONE: Verification = { result: 'none' };
export const SILENT: Verification = { result: 'silent' };

/**
 * nginx, lighttpd, Azure Application Gateway (sections 4.3, 4.8, 4.9). The text after FAILED is OpenSSL's and
 * differs between versions.
 */
export const tokens: VerificationWords = (text) => {
  if (text === 'SUCCESS') return VERIFIED;
  if (text === 'NONE') return NONE;
  if (text.startsWith('FAILED')) return { result: 'failed', detail: printable(text) };
  return { result: 'failed', detail: 'an unknown verification result' };
};

/** nginx's tokens and Apache's GENEROUS: presented under `optional_no_ca`, and not verified (section 4.5). */
export const apacheTokens: VerificationWords = (text) =>
  text === 'GENEROUS' ? { result: 'not_checked', detail: 'GENEROUS' } : tokens(text);

/** HAProxy's `ssl_c_verify`: OpenSSL's error number. It is 0 also if no certificate was presented (section 4.4). */
export const opensslCode: VerificationWords = (text) => {
  if (text === '0') return VERIFIED;
  if (/^[1-9][0-9]{0,4}$/.test(text))
    return { result: 'failed', detail: `OpenSSL verification error ${text}` };
  return { result: 'failed', detail: 'an unknown verification result' };
};

/** GCP and Cloudflare (section 4.8). */
export const trueOrFalse: VerificationWords = (text) => {
  if (text === 'true') return VERIFIED;
  return { result: 'failed', detail: text === 'false' ? 'not verified' : 'an unknown verification result' };
};

/** The vocabularies by name, for forms that several products write. */
export const VERIFICATION_WORDS = { tokens, apacheTokens, opensslCode, trueOrFalse } as const;

export type VerificationWordsName = keyof typeof VERIFICATION_WORDS;

export function readVerification(text: string | undefined, words: VerificationWords): Verification {
  return text === undefined || isAbsent(text) ? SILENT : words(text);
}

/** Makes a header's text safe for a log: printable ASCII on one line, at most 100 characters. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100);
}
