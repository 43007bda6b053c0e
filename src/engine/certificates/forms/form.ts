import { certificateUnreadable } from '../../../model/errors.ts';
import {
  type CertificateForm,
  NO_CERTIFICATE,
  type PresentedCertificate,
} from '../../../model/peer-certificate.ts';
import type { HeaderView } from '../header-view.ts';
import { isAbsent, trimBlanks } from '../text/absence.ts';
import { assembleChain } from '../text/assemble-chain.ts';
import { MAX_CERTIFICATE_TEXT, onlyOne } from '../text/decode.ts';
import { cachedDecoder } from '../text/decode-cache.ts';
import { readVerification, SILENT, type Verification, type VerificationWordsName } from '../verification.ts';
import { checkDigest } from './digest.ts';

/** The purpose of a header. Apache's `chain` is a prefix that is followed by a number. */
export type HeaderRole = 'certificate' | 'chain' | 'verification' | 'presented' | 'revoked' | 'digest';

/** Header names by role, in lower case. A missing role is not read. */
export type HeaderNames = Readonly<Partial<Record<HeaderRole, string>>>;

/** What the operator declares about the endpoint that writes a form. */
export interface FormSettings {
  /** Names that replace the form's default names. An empty name removes the role. */
  readonly headers?: HeaderNames | undefined;
  /** The vocabulary of the `verification` header, for forms that define none. */
  readonly verificationWords?: VerificationWordsName | undefined;
  /**
   * The endpoint is configured to verify every certificate that it forwards. Used only if the endpoint reports
   * nothing: it does not override a form that always carries unverified certificates, or an endpoint that reports a
   * failure.
   */
  readonly endpointVerifies?: boolean | undefined;
  /** `xfcc`: how many trusted proxies add an element. The default is 1. */
  readonly trustedHops?: number | undefined;
}

/** The input of a form. */
export interface FormRequest {
  readonly form: CertificateForm;
  readonly view: HeaderView;
  readonly headers: HeaderNames;
  readonly settings: FormSettings;
}

/** One way in which an endpoint forwards a client's certificate in HTTP headers. */
export interface HeaderForm {
  readonly name: CertificateForm;
  /** Default names: those of the product's documentation, or the usual ones if the operator must choose. */
  readonly headers: HeaderNames;
  /** @throws {ThingPassError} `certificate_unreadable` for a certificate that cannot be read. */
  readonly read: (request: FormRequest) => PresentedCertificate;
}

/**
 * The single line of the role's header; `undefined` if it is missing or means "no certificate".
 * @throws {ThingPassError} `certificate_unreadable` for a repeated header or a line longer than `limit`.
 */
export function textOf(
  request: FormRequest,
  role: HeaderRole,
  limit = MAX_CERTIFICATE_TEXT,
): string | undefined {
  const text = lineOf(request, role, limit);
  return isAbsent(text) ? undefined : text;
}

/** As `textOf`, without interpreting the text. */
export function lineOf(
  request: FormRequest,
  role: HeaderRole,
  limit = MAX_CERTIFICATE_TEXT,
): string | undefined {
  const name = request.headers[role];
  return name === undefined ? undefined : request.view.only(name, limit);
}

/**
 * What the endpoint reports in its verification header, or, if no such header is configured, what the operator
 * declares about the endpoint.
 */
export function readVerificationHeader(
  request: FormRequest,
  words: (text: string) => Verification,
): Verification {
  if (request.headers.verification === undefined) return declaredVerification(request.settings);
  return readVerification(lineOf(request, 'verification'), words);
}

/**
 * What the operator declares, for forms that carry no verification (`forwarded-certificates.md` section 2, rule 6).
 */
export function declaredVerification(settings: FormSettings): Verification {
  return { result: settings.endpointVerifies === true ? 'verified' : 'not_checked' };
}

/**
 * The result for a request without a certificate: none was presented, or the endpoint withholds it.
 * @throws {ThingPassError} `certificate_unreadable` if the endpoint reports a verified certificate.
 */
export function withoutCertificate(form: CertificateForm, verification: Verification): PresentedCertificate {
  switch (verification.result) {
    case 'none':
    case 'silent':
      return NO_CERTIFICATE;
    case 'failed':
      return {
        kind: 'unreadable',
        form,
        fault: 'not_verified',
        verification: 'failed',
        detail: verification.detail ?? 'verification failed',
      };
    default:
      // The certificate was not forwarded, or dropped on the way because the client named its header in
      // `Connection` (section 2, rule 4). If this counted as "none", the client could continue with a password.
      throw certificateUnreadable('withheld');
  }
}

/**
 * Combines a certificate with what the endpoint reports. A missing report where the form has a place for it, and
 * "none" together with a certificate, count as failed (section 2, rule 6): perhaps not both come from the endpoint.
 * @param certificates the leaf first, then the others in any order; the leaf may be among them.
 * @throws {ThingPassError} `certificate_unreadable` for a digest of another certificate.
 */
export function withCertificate(
  request: FormRequest,
  certificates: readonly [Buffer, ...Buffer[]],
  verification: Verification,
): PresentedCertificate {
  const [leaf, ...others] = certificates;
  checkDigest(leaf, textOf(request, 'digest'));
  const report = CONTRADICTIONS[verification.result] ?? verification;
  return {
    kind: 'certificate',
    form: request.form,
    der: leaf,
    chain: assembleChain(leaf, others),
    verification: report.result === 'verified' || report.result === 'not_checked' ? report.result : 'failed',
    verificationDetail: report.detail,
  };
}

const CONTRADICTIONS: Partial<Record<Verification['result'], Verification>> = {
  none: { result: 'failed', detail: 'the endpoint says that there is no certificate' },
  silent: { result: 'failed', detail: 'the certificate was sent without a verification result' },
};

/** Makes a form with one certificate in one header and, optionally, the verification in a second one. */
export function simpleForm(
  name: CertificateForm,
  headers: HeaderNames,
  decode: (text: string) => Buffer,
  words: (text: string) => Verification = () => SILENT,
): HeaderForm {
  const decoded = cachedDecoder((text) => [decode(text)]);
  return {
    name,
    headers,
    read: (request) => {
      const text = textOf(request, 'certificate');
      const verification = readVerificationHeader(request, words);
      if (text !== undefined) return withCertificate(request, [onlyOne(decoded(text))], verification);
      // Without a verification header, nothing indicates that there was a certificate.
      const report = request.headers.verification === undefined ? SILENT : verification;
      return withoutCertificate(name, report);
    },
  };
}

/** Normalizes a header name that an operator wrote. */
export function headerName(text: string): string {
  return trimBlanks(text).toLowerCase();
}
