import { certificateUnreadable } from '../../../../model/errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes a header's text as UTF-8: Node shows header bytes as Latin-1 (`forwarded-certificates.md` section 2, rule
 * 9).
 * @throws {ThingPassError} `certificate_unreadable` for bytes that are not UTF-8.
 */
export function decodeUtf8(latin1: string): string {
  try {
    return utf8.decode(Buffer.from(latin1, 'latin1'));
  } catch {
    throw certificateUnreadable('malformed_field', 'not UTF-8');
  }
}
