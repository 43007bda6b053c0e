import { CertificateUnreadable } from '../text/fault.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A header's text as its bytes were meant: Node shows header bytes as Latin-1 (`forwarded-certificates.md` section 2, 9). */
export function utf8Of(latin1: string): string {
  try {
    return utf8.decode(Buffer.from(latin1, 'latin1'));
  } catch {
    throw new CertificateUnreadable('malformed_field', 'not UTF-8');
  }
}
