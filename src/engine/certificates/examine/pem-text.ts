import { certificateUnreadable } from '../../../model/errors.ts';
import { readDerBytes } from './der-bytes.ts';
import { type Guess, type Problem, refused, warning } from './found-problem.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

/**
 * Reads the certificates of a PEM text as tolerantly as OpenSSL (RFC 7468 section 2 allows text around the blocks).
 * Everything that ThingPass refuses in a header becomes a problem: other labels, text, blanks inside a line.
 * @throws {ThingPassError} `certificate_unreadable` if there is no certificate.
 */
export function readPemText(text: string): Guess {
  const problems: Problem[] = [];
  const certificates: Buffer[] = [];
  for (const [, label = '', body = ''] of text.matchAll(BLOCK)) {
    if (label.endsWith('PRIVATE KEY')) {
      problems.push(
        warning('private_key', 'the text also contains a private key, which only the device should have'),
      );
    } else if (label.endsWith('CERTIFICATE')) {
      if (label !== 'CERTIFICATE') {
        problems.push(
          refused('pem_label', `the label is "${label}", which ThingPass refuses; use CERTIFICATE`),
        );
      }
      certificates.push(...readBody(body, problems));
    } else {
      problems.push(warning('other_block', `the block "${label}" is not a certificate and was skipped`));
    }
  }
  if (certificates.length === 0) {
    throw certificateUnreadable(
      'malformed_pem',
      problems.length > 0
        ? `the text contains no certificate: ${problems[0]?.says}`
        : 'the PEM block has no end marker',
    );
  }
  if (text.replaceAll(BLOCK, '').trim() !== '') {
    problems.push(
      warning(
        'text_around',
        'there is text outside the PEM blocks, which is accepted in a file and refused in a header or body field',
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
        'the Base64 inside the PEM is not canonical: it may be truncated or edited by hand',
      ),
    );
  }
  const read = readDerBytes(bytes);
  problems.push(...read.problems);
  return read.certificates;
}
