import type { BaseBlock } from 'asn1js';
import {
  BasicOCSPResponse,
  CertID,
  Certificate,
  OCSPRequest,
  OCSPResponse,
  type SingleResponse,
} from 'pkijs';
import { isThingPassError, ThingPassError } from '../../../model/errors.ts';
import { checkChain } from '../x509/chain.ts';
import { type InspectedCertificate, inspectCertificate, opensslCertificate } from '../x509/inspect.ts';
import { isSignedBy, type Signed } from './signature.ts';

/** A responder's verified answer about one certificate. Times are epoch milliseconds. */
export interface OcspAnswer {
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
}

const BASIC = '1.3.6.1.5.5.7.48.1.1';
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const STATUS_NAMES = [
  'successful',
  'malformedRequest',
  'internalError',
  'tryLater',
  '',
  'sigRequired',
  'unauthorized',
];
/** Tolerance for clock differences. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** An answer without nextUpdate means "as of now" (RFC 6960 section 4.2.2.1); an older one may be replayed. */
const MAX_UNDATED_AGE_MS = 24 * 60 * 60_000;
const MAX_DELEGATES = 4;

/**
 * Makes an OCSP request in DER. Certificate ids are hashed with SHA-1, the only hash that all responders know; it
 * identifies and signs nothing. There is no nonce: many responders sign in advance and would omit it, and the
 * answer's times limit a replay.
 */
export async function ocspRequest(leaf: InspectedCertificate, issuer: InspectedCertificate): Promise<Buffer> {
  const request = new OCSPRequest();
  await request.createForCertificate(parse(leaf), {
    hashAlgorithm: 'SHA-1',
    issuerCertificate: parse(issuer),
  });
  return Buffer.from(request.toSchema(true).toBER());
}

/**
 * Parses an answer and verifies it (RFC 6960 section 3.2): it must be about this certificate, be signed by the
 * issuer or by a delegate to whom the issuer gave the right (section 4.2.2.2), and be current.
 * @param now epoch milliseconds.
 * @throws {ThingPassError} `ocsp_answer_unusable`
 */
export async function readOcspAnswer(
  bytes: Buffer,
  leaf: InspectedCertificate,
  issuer: InspectedCertificate,
  now: number,
): Promise<OcspAnswer> {
  let basic: BasicOCSPResponse;
  let single: SingleResponse | undefined;
  try {
    basic = readBasic(bytes);
    single = await findResponse(basic, leaf, issuer);
  } catch (error) {
    if (isThingPassError(error, 'ocsp_answer_unusable')) throw error;
    throw new ThingPassError('ocsp_answer_unusable', 'the answer is not an OCSP response');
  }
  if (single === undefined)
    throw new ThingPassError('ocsp_answer_unusable', 'the answer is about another certificate');
  if (!isSignedByResponder(basic, issuer, now))
    throw new ThingPassError(
      'ocsp_answer_unusable',
      'the answer is not signed by the issuer or a responder that the issuer authorized',
    );
  const thisUpdate = single.thisUpdate.getTime();
  const nextUpdate = single.nextUpdate?.getTime();
  if (thisUpdate > now + CLOCK_SKEW_MS)
    throw new ThingPassError('ocsp_answer_unusable', 'the answer is dated in the future');
  if ((nextUpdate ?? thisUpdate + MAX_UNDATED_AGE_MS) < now - CLOCK_SKEW_MS)
    throw new ThingPassError('ocsp_answer_unusable', 'the answer is out of date');
  return { status: statusOf(single), thisUpdate, nextUpdate };
}

function readBasic(bytes: Buffer): BasicOCSPResponse {
  const response = OCSPResponse.fromBER(Uint8Array.from(bytes));
  const status = response.responseStatus.valueBlock.valueDec;
  if (status !== 0)
    throw new ThingPassError(
      'ocsp_answer_unusable',
      `the responder answered ${STATUS_NAMES[status] ?? status}`,
    );
  if (response.responseBytes?.responseType !== BASIC)
    throw new ThingPassError('ocsp_answer_unusable', 'the answer is not a basic OCSP response');
  return BasicOCSPResponse.fromBER(response.responseBytes.response.valueBlock.valueHexView);
}

async function findResponse(
  basic: BasicOCSPResponse,
  leaf: InspectedCertificate,
  issuer: InspectedCertificate,
): Promise<SingleResponse | undefined> {
  const wanted = new CertID();
  await wanted.createForCertificate(parse(leaf), {
    hashAlgorithm: 'SHA-1',
    issuerCertificate: parse(issuer),
  });
  return basic.tbsResponseData.responses.find(({ certID }) => certID.isEqual(wanted));
}

function isSignedByResponder(basic: BasicOCSPResponse, issuer: InspectedCertificate, now: number): boolean {
  const signed: Signed = {
    bytes: basic.tbsResponseData.tbsView,
    algorithm: new Uint8Array(basic.signatureAlgorithm.toSchema().toBER()),
    signature: basic.signature.valueBlock.valueHexView,
  };
  if (isSignedBy(signed, opensslCertificate(issuer.der).publicKey)) return true;
  return (basic.certs ?? []).slice(0, MAX_DELEGATES).some((certificate) => {
    const delegate = readDelegate(certificate);
    return (
      delegate !== undefined &&
      isDelegate(delegate, issuer, now) &&
      isSignedBy(signed, opensslCertificate(delegate.der).publicKey)
    );
  });
}

/** A delegate must be issued by the same authority as the certificate in question, for OCSP signing. */
function isDelegate(delegate: InspectedCertificate, issuer: InspectedCertificate, now: number): boolean {
  if (!delegate.extendedKeyUsage?.includes(OCSP_SIGNING) || delegate.unknownCritical.length > 0) return false;
  if (now < delegate.notBefore || now > delegate.notAfter) return false;
  return checkChain(delegate.der, [issuer.der], { now, skipDates: true }).valid;
}

function readDelegate(certificate: Certificate): InspectedCertificate | undefined {
  try {
    return inspectCertificate(new Uint8Array(certificate.toSchema(false).toBER()));
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return undefined;
    throw error;
  }
}

/** CertStatus: good [0], revoked [1], unknown [2] (RFC 6960 section 4.2.1). */
function statusOf({ certStatus }: SingleResponse): OcspAnswer['status'] {
  const { tagNumber } = (certStatus as BaseBlock).idBlock;
  return tagNumber === 0 ? 'good' : tagNumber === 1 ? 'revoked' : 'unknown';
}

function parse({ der }: InspectedCertificate): Certificate {
  return Certificate.fromBER(Uint8Array.from(der));
}
