import { certificateUnreadable } from '../../../../model/errors.ts';
import { type CertificateName, NO_CERTIFICATE } from '../../../../model/peer-certificate.ts';
import { decodePem, decodePercent, MAX_CHAIN_TEXT, onlyOne } from '../../text/decode.ts';
import { parseXfcc, type XfccElement } from '../../text/xfcc-syntax.ts';
import { checkDigest } from '../digest.ts';
import { declaredVerification, type FormRequest, type HeaderForm, textOf, withCertificate } from '../form.ts';
import { decodeUtf8 } from './latin1.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * `x-forwarded-client-cert` of Envoy, Istio and Azure Container Apps (`forwarded-certificates.md` section 4.2).
 *
 * Each trusted proxy appends one element, so there must be as many elements as trusted proxies, and the first is
 * the client's. An additional element was sent by the client, or begins inside an unquoted URI.
 *
 * The header is written if a certificate was presented; whether it was verified depends on the proxy's
 * configuration (`trust_chain_verification`). Istio sends no `Cert` by default: then only a digest and names are
 * known.
 */
export const xfcc: HeaderForm = {
  name: 'xfcc',
  headers: { certificate: 'x-forwarded-client-cert' },
  read: (request) => {
    const text = textOf(request, 'certificate', MAX_CHAIN_TEXT);
    if (text === undefined) return NO_CERTIFICATE;
    const elements = parseXfcc(text);
    const [element] = elements;
    if (element === undefined || elements.length !== (request.settings.trustedHops ?? 1)) {
      throw certificateUnreadable('xfcc_ambiguous');
    }
    return readElement(request, element);
  },
};

function readElement(request: FormRequest, element: XfccElement) {
  const certificate = valueIn(element, 'cert');
  const chain = decodeAll(valueIn(element, 'chain'));
  const leaf = certificate === undefined ? chain[0] : onlyOne(decodeAll(certificate));
  if (leaf === undefined) return readName(request, element);
  // Chain includes the leaf.
  if (chain[0] !== undefined && !chain[0].equals(leaf)) throw certificateUnreadable('chain_mismatch');
  checkDigest(leaf, valueIn(element, 'hash'));
  return withCertificate(request, [leaf, ...chain], declaredVerification(request.settings));
}

function readName(request: FormRequest, element: XfccElement): CertificateName {
  const hash = valueIn(element, 'hash')?.toLowerCase();
  if (hash !== undefined && !SHA256.test(hash)) throw certificateUnreadable('xfcc_syntax');
  const subject = valueIn(element, 'subject');
  return {
    kind: 'name',
    form: request.form,
    subject: subject === undefined ? undefined : decodeUtf8(subject),
    digest: hash === undefined ? undefined : { algorithm: 'sha256', hex: hash },
  };
}

function decodeAll(text: string | undefined): Buffer[] {
  return text === undefined ? [] : decodePem(decodePercent(text), 'lines');
}

/** An empty value counts as absent. */
function valueIn(element: XfccElement, key: string): string | undefined {
  return element.get(key)?.[0] || undefined;
}
