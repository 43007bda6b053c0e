import { CertificateUnreadable } from '../text/fault.ts';
import { readDerBytes } from './der-bytes.ts';
import { type Guess, type Problem, refused, warning } from './problem.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

/**
 * The certificates of a PEM text, read as tolerantly as OpenSSL does (RFC 7468 section 2 allows text around the blocks), with
 * everything said that ThingPass refuses in a header: other labels, text, blanks inside a line.
 * @throws {CertificateUnreadable} where there is none.
 */
export function readPemText(text: string): Guess {
  const problems: Problem[] = [];
  const certificates: Buffer[] = [];
  for (const [, label = '', body = ''] of text.matchAll(BLOCK)) {
    if (label.endsWith('PRIVATE KEY')) {
      problems.push(
        warning(
          'private_key',
          'a private key stands beside the certificate: nobody but the device should have it',
        ),
      );
    } else if (label.endsWith('CERTIFICATE')) {
      if (label !== 'CERTIFICATE') {
        problems.push(
          refused('pem_label', `the label is "${label}", which ThingPass refuses: write CERTIFICATE`),
        );
      }
      certificates.push(...readBody(body, problems));
    } else {
      problems.push(warning('other_block', `a block "${label}" is not a certificate, and is left out`));
    }
  }
  if (certificates.length === 0) {
    throw new CertificateUnreadable(
      'malformed_pem',
      problems.length > 0 ? `there is no certificate in it, but ${problems[0]?.says}` : 'PEM without an end',
    );
  }
  if (text.replaceAll(BLOCK, '').trim() !== '') {
    problems.push(
      warning(
        'text_around',
        'there is text beside the PEM blocks; fine in a file, refused in a header or body field',
      ),
    );
  }
  const isOneLine = !text.trim().includes('\n');
  return { form: isOneLine ? 'PEM on one line' : 'PEM', certificates, problems };
}

function readBody(body: string, problems: Problem[]): readonly Buffer[] {
  const base64 = body.replaceAll(/\s/g, '');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) {
    problems.push(
      refused(
        'malformed_base64',
        'the Base64 inside the PEM is not canonical; it may be cut off or edited by hand',
      ),
    );
  }
  const read = readDerBytes(bytes);
  problems.push(...read.problems);
  return read.certificates;
}
