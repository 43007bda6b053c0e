import { isAbsent } from './text/absence.ts';

/**
 * What a TLS endpoint says of its own verification. `none`: no certificate was presented. `silent`: it says nothing
 * where the form has a place for it.
 */
export interface Verification {
  readonly result: 'verified' | 'failed' | 'not_checked' | 'none' | 'silent';
  /** Printable and short, for the log. */
  readonly detail?: string | undefined;
}

/** How a product spells it; `forwarded-certificates.md` section 2, rule 6: compared exactly, unknown words fail. */
export type VerificationWords = (text: string) => Verification;

const VERIFIED: Verification = { result: 'verified' };
const NONE: Verification = { result: 'none' };
export const SILENT: Verification = { result: 'silent' };

/** nginx, lighttpd, Azure Application Gateway (sections 4.3, 4.8, 4.9). The reason is OpenSSL's and changes by version. */
export const tokens: VerificationWords = (text) => {
  if (text === 'SUCCESS') return VERIFIED;
  if (text === 'NONE') return NONE;
  if (text.startsWith('FAILED')) return { result: 'failed', detail: printable(text) };
  return { result: 'failed', detail: 'an unknown verification result' };
};

/** Apache's own beside nginx's: presented under `optional_no_ca`, and not verified (section 4.5). */
export const apacheTokens: VerificationWords = (text) =>
  text === 'GENEROUS' ? { result: 'not_checked', detail: 'GENEROUS' } : tokens(text);

/** HAProxy's `ssl_c_verify`: OpenSSL's number; 0 also where no certificate was presented (section 4.4). */
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

/** The vocabularies by name, for forms in which several products write. */
export const VERIFICATION_WORDS = { tokens, apacheTokens, opensslCode, trueOrFalse } as const;

export type VerificationWordsName = keyof typeof VERIFICATION_WORDS;

export function readVerification(text: string | undefined, words: VerificationWords): Verification {
  return text === undefined || isAbsent(text) ? SILENT : words(text);
}

/** What of a header's text may stand in a log: printable ASCII, one line, no longer than a reason is. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100);
}
