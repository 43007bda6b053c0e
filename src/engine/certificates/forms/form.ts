import type { HeaderView } from '../header-view.ts';
import { type CertificateForm, NO_CERTIFICATE, type PresentedCertificate } from '../peer-certificate.ts';
import { isAbsent, trimBlanks } from '../text/absence.ts';
import { assembleChain } from '../text/assemble-chain.ts';
import { MAX_CERTIFICATE_TEXT, onlyOne } from '../text/decode.ts';
import { CertificateUnreadable } from '../text/fault.ts';
import { remembered } from '../text/remembered.ts';
import { readVerification, SILENT, type Verification, type VerificationWordsName } from '../verification.ts';
import { checkDigest } from './digest.ts';

/** What a header of a form is for. `chain` of Apache is a prefix, behind which the number stands. */
export type HeaderRole = 'certificate' | 'chain' | 'verification' | 'presented' | 'revoked' | 'digest';

/** Header names by role, in lower case. A role that is missing is not read. */
export type HeaderNames = Readonly<Partial<Record<HeaderRole, string>>>;

/** What the operator says about the endpoint that writes a form. */
export interface FormSettings {
  /** Names that differ from the form's own; an empty name takes a role away. */
  readonly headers?: HeaderNames | undefined;
  /** The vocabulary of the `verification` header, for forms that have none of their own. */
  readonly verificationWords?: VerificationWordsName | undefined;
  /**
   * The endpoint is configured to verify every certificate that it hands on. Counts only where it says nothing itself:
   * a form that always carries unverified certificates, or an endpoint that says "failed", is not overruled.
   */
  readonly endpointVerifies?: boolean | undefined;
  /** `xfcc`: how many trusted proxies add an element; 1 unless said. */
  readonly trustedHops?: number | undefined;
}

/** What a form is given to read. */
export interface FormRequest {
  readonly form: CertificateForm;
  readonly view: HeaderView;
  readonly headers: HeaderNames;
  readonly settings: FormSettings;
}

/** One way in which an endpoint forwards a client's certificate in HTTP headers. */
export interface HeaderForm {
  readonly name: CertificateForm;
  /** As the product's documentation names them, or as is usual where the operator must choose. */
  readonly headers: HeaderNames;
  /** @throws {CertificateUnreadable} for what is there and cannot be read. */
  readonly read: (request: FormRequest) => PresentedCertificate;
}

/** The one line of the role's header; `undefined` when it is missing or says that there is nothing. */
export function textOf(
  request: FormRequest,
  role: HeaderRole,
  limit = MAX_CERTIFICATE_TEXT,
): string | undefined {
  const text = lineOf(request, role, limit);
  return isAbsent(text) ? undefined : text;
}

/** As `textOf`, without a meaning for any text. */
export function lineOf(
  request: FormRequest,
  role: HeaderRole,
  limit = MAX_CERTIFICATE_TEXT,
): string | undefined {
  const name = request.headers[role];
  return name === undefined ? undefined : request.view.only(name, limit);
}

/**
 * What the endpoint says of its verification in a header; for a form whose header for it is not configured, what the
 * operator says of the endpoint.
 */
export function verificationIn(request: FormRequest, words: (text: string) => Verification): Verification {
  if (request.headers.verification === undefined) return unsaidVerification(request.settings);
  return readVerification(lineOf(request, 'verification'), words);
}

/** For forms without a word about verification (`forwarded-certificates.md` section 2, rule 6). */
export function unsaidVerification(settings: FormSettings): Verification {
  return { result: settings.endpointVerifies === true ? 'verified' : 'not_checked' };
}

/** What came without a certificate: nothing, or one that the endpoint keeps to itself. */
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
      // Verified, and not here: not forwarded, or dropped on the way because a client named it in `Connection` (section 2,
      // rule 4). Taking that for "none" would let the client go on with a password.
      throw new CertificateUnreadable('withheld');
  }
}

/**
 * A certificate and what was said of it. Silence where the form has a place for a word, and "none" beside a certificate,
 * count as failed (section 2, rule 6): someone else than the endpoint may have written one of the two.
 * @param certificates the leaf first, then the others in any order; the leaf may be among them.
 */
export function withCertificate(
  request: FormRequest,
  certificates: readonly [Buffer, ...Buffer[]],
  verification: Verification,
): PresentedCertificate {
  const [leaf, ...others] = certificates;
  checkDigest(leaf, textOf(request, 'digest'));
  const detail = CONTRADICTIONS[verification.result] ?? verification;
  return {
    kind: 'certificate',
    form: request.form,
    der: leaf,
    chain: assembleChain(leaf, others),
    verification: detail.result === 'verified' || detail.result === 'not_checked' ? detail.result : 'failed',
    verificationDetail: detail.detail,
  };
}

const CONTRADICTIONS: Partial<Record<Verification['result'], Verification>> = {
  none: { result: 'failed', detail: 'the endpoint says that there is no certificate' },
  silent: { result: 'failed', detail: 'no verification result came with the certificate' },
};

/** A form of one header with one certificate, which says nothing of its verification or says it in one more header. */
export function simpleForm(
  name: CertificateForm,
  headers: HeaderNames,
  decode: (text: string) => Buffer,
  words: (text: string) => Verification = () => SILENT,
): HeaderForm {
  const decoded = remembered((text) => [decode(text)]);
  return {
    name,
    headers,
    read: (request) => {
      const text = textOf(request, 'certificate');
      const verification = verificationIn(request, words);
      if (text !== undefined) return withCertificate(request, [onlyOne(decoded(text))], verification);
      // Without a header for it, nothing says that there was a certificate.
      const detail = request.headers.verification === undefined ? SILENT : verification;
      return withoutCertificate(name, detail);
    },
  };
}

/** A header name as an operator writes it. */
export function headerName(text: string): string {
  return trimBlanks(text).toLowerCase();
}
