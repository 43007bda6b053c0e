import { readCertificateFields } from '../x509/certificate-fields.ts';
import { encodingOf } from '../x509/der.ts';
import { MAX_CERTIFICATES } from './decode.ts';
import { CertificateUnreadable } from './fault.ts';

/**
 * The further certificates of a leaf from its issuer upwards, whatever their order was and whether or not the leaf was
 * among them: forms differ (`forwarded-certificates.md` section 11, 7), and TLS 1.3 allows any order behind the leaf
 * (RFC 8446 section 4.4.2). What has no place in the path stays behind it: whether the chain holds is asked later.
 *
 * Which certificate is the leaf is never found out here. It is the one for which the client proved possession of a key,
 * and only its place in the message tells; names would let a client put someone else's certificate under its own.
 */
export function assembleChain(leaf: Buffer, others: readonly Buffer[]): Buffer[] {
  if (others.length >= MAX_CERTIFICATES + 1) throw new CertificateUnreadable('too_many_certificates');
  const rest = others.filter(
    (one, index) => !one.equals(leaf) && others.findIndex((other) => other.equals(one)) === index,
  );
  if (rest.length < 2) return rest;
  const names = new Map([leaf, ...rest].map((der) => [der, namesOf(der)]));
  const path: Buffer[] = [];
  for (let current = leaf; ; ) {
    const issuer = names.get(current)?.issuer;
    // A path never comes back to a certificate: found ones leave `rest`.
    const index = rest.findIndex((one) => names.get(one)?.subject.equals(issuer ?? Buffer.alloc(0)));
    const next = index < 0 ? undefined : rest.splice(index, 1)[0];
    if (next === undefined) return [...path, ...rest];
    path.push(next);
    current = next;
  }
}

/** The names' encodings. Equal names may be encoded differently; then the order stays as it came. */
function namesOf(der: Buffer): { issuer: Buffer; subject: Buffer } {
  const fields = readCertificateFields(der);
  const copy = (part: 'issuer' | 'subject') => Buffer.from(encodingOf(der, fields[part]));
  return { issuer: copy('issuer'), subject: copy('subject') };
}
