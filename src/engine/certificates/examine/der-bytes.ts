import { certificateUnreadable, isThingPassError } from '../../../model/errors.ts';
import { decodeConcatenatedDer, decodeDer } from '../text/decode.ts';
import { readElement } from '../x509/der.ts';
import type { Guess } from './found-problem.ts';

const OTHER_FILES: ReadonlyMap<string, string> = new Map([
  ['06092a864886f70d0107', 'PKCS #7: convert it with openssl pkcs7 -print_certs'],
]);

/**
 * Reads one certificate, or several concatenated ones. Bytes after a certificate become a problem.
 * @throws {ThingPassError} `certificate_unreadable` if the bytes do not begin with a certificate.
 */
export function readDerBytes(bytes: Buffer): Omit<Guess, 'form'> {
  try {
    return { certificates: decodeConcatenatedDer(bytes), problems: [] };
  } catch (error) {
    if (!isThingPassError(error, 'certificate_unreadable')) throw error;
  }
  const hex = bytes.subarray(0, 64).toString('hex');
  for (const [start, what] of OTHER_FILES) {
    if (hex.indexOf(start) >= 0 && hex.indexOf(start) <= 12)
      throw certificateUnreadable('malformed_der', what);
  }
  if (/^30..(?:..){0,3}020103/.test(hex)) {
    throw certificateUnreadable(
      'malformed_der',
      'PKCS #12, a key store: take the certificate out with openssl pkcs12 -nokeys',
    );
  }
  const end = lengthOfFirst(bytes);
  const certificate = decodeDer(bytes.subarray(0, end));
  const rest = bytes.length - end;
  return {
    certificates: [certificate],
    problems: [
      {
        severity: 'refused',
        code: 'trailing_data',
        says: `${rest} bytes follow the certificate: other products ignore them, ThingPass refuses the certificate`,
      },
    ],
  };
}

function lengthOfFirst(bytes: Buffer): number {
  try {
    return readElement(bytes, 0, bytes.length).end;
  } catch {
    throw certificateUnreadable('malformed_der', 'not DER, or truncated');
  }
}
