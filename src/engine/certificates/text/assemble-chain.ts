import { certificateUnreadable } from '../../../model/errors.ts';
import { readCertificateFields } from '../x509/certificate-fields.ts';
import { encodingOf } from '../x509/der.ts';
import { MAX_CERTIFICATES } from './decode.ts';

/**
 * Sorts the further certificates from the leaf's issuer upwards and drops the leaf and duplicates. Forms differ in
 * their order and in whether they repeat the leaf (`forwarded-certificates.md` section 11, 7), and TLS 1.3 allows
 * any order after the leaf (RFC 8446 section 4.4.2). Certificates outside the path come last; whether the chain is
 * valid is checked later.
 *
 * The leaf is never found by names: it is the certificate whose key the client proved to possess, and only its
 * position in the message tells which. By names, a client could put somebody else's certificate under its own.
 * @throws {ThingPassError} `certificate_unreadable` for more than 10 certificates.
 */
export function assembleChain(leaf: Buffer, others: readonly Buffer[]): Buffer[] {
  if (others.length >= MAX_CERTIFICATES + 1) throw certificateUnreadable('too_many_certificates');
  const rest = others.filter(
    (one, index) => !one.equals(leaf) && others.findIndex((other) => other.equals(one)) === index,
  );
  if (rest.length < 2) return rest;
  const names = new Map([leaf, ...rest].map((der) => [der, namesOf(der)]));
  const path: Buffer[] = [];
  for (let current = leaf; ; ) {
    const issuer = names.get(current)?.issuer;
    // Certificates in the path are removed from `rest`, so the path cannot loop.
    const index = rest.findIndex((one) => names.get(one)?.subject.equals(issuer ?? Buffer.alloc(0)));
    const next = index < 0 ? undefined : rest.splice(index, 1)[0];
    if (next === undefined) return [...path, ...rest];
    path.push(next);
    current = next;
  }
}

/** The encodings of the names. Equal names may be encoded differently; then the order stays as received. */
function namesOf(der: Buffer): { issuer: Buffer; subject: Buffer } {
  const fields = readCertificateFields(der);
  const copy = (part: 'issuer' | 'subject') => Buffer.from(encodingOf(der, fields[part]));
  return { issuer: copy('issuer'), subject: copy('subject') };
}
