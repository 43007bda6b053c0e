import type { InspectedCertificate } from '../x509/inspect.ts';
import { type Problem, refused, warning } from './found-problem.ts';

export const DAY_MS = 86_400_000;
/** A certificate that expires within this many days gets a warning. */
const SOON_DAYS = 30;

export const EXTENDED_KEY_USAGES: ReadonlyMap<string, string> = new Map([
  ['1.3.6.1.5.5.7.3.1', 'serverAuth'],
  ['1.3.6.1.5.5.7.3.2', 'clientAuth'],
  ['1.3.6.1.5.5.7.3.3', 'codeSigning'],
  ['1.3.6.1.5.5.7.3.4', 'emailProtection'],
  ['1.3.6.1.5.5.7.3.8', 'timeStamping'],
  ['1.3.6.1.5.5.7.3.9', 'OCSPSigning'],
  ['1.3.6.1.4.1.311.20.2.2', 'smartcardLogon'],
  ['2.5.29.37.0', 'anyExtendedKeyUsage'],
]);

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';

/** Problems that any certificate of a chain can have. */
export function problemsOfEach(certificate: InspectedCertificate, now: number): Problem[] {
  return [
    ...datesProblems(certificate, now),
    ...algorithmProblems(certificate),
    ...shapeProblems(certificate),
  ];
}

function datesProblems({ notBefore, notAfter }: InspectedCertificate, now: number): Problem[] {
  if (notBefore > notAfter) return [refused('dates_reversed', 'it ends before it begins')];
  if (now < notBefore) {
    return [
      refused(
        'not_yet_valid',
        `not valid before ${day(notBefore)}, in ${days(notBefore - now)}; is the clock right?`,
      ),
    ];
  }
  if (now > notAfter) return [refused('expired', `expired ${day(notAfter)}, ${days(now - notAfter)} ago`)];
  if (notAfter - now < SOON_DAYS * DAY_MS) {
    return [warning('expires_soon', `expires ${day(notAfter)}, in ${days(notAfter - now)}`)];
  }
  return [];
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function days(span: number): string {
  const count = Math.floor(span / DAY_MS);
  return count === 1 ? '1 day' : `${count} days`;
}

/**
 * The limits of OpenSSL's security level 2, which distributions and brokers' images use. RFC 9325 section 4 agrees.
 */
function algorithmProblems({ key, signature, subject, issuer }: InspectedCertificate): Problem[] {
  const problems: Problem[] = [];
  if (key.bits !== undefined && key.bits < 2048) {
    problems.push(
      refused('weak_key', `the RSA key has ${key.bits} bits; OpenSSL refuses less than 2048 by default`),
    );
  }
  if (key.name === 'DSA') problems.push(refused('weak_key', 'no TLS version in use accepts DSA keys'));
  if (key.name === 'RSA-PSS') {
    problems.push(
      warning(
        'rsa_pss_key',
        'the key is for RSA-PSS only: if a broker does not offer rsa_pss_pss_*, the client sends no certificate, without an error',
      ),
    );
  } else if (key.name === 'Ed25519' || key.name === 'Ed448') {
    problems.push(
      warning(
        'edwards_key',
        `not every broker offers ${key.name}: without it the client sends no certificate, without an error`,
      ),
    );
  } else if (key.name === 'EC' && !['P-256', 'P-384', 'P-521'].includes(key.curve ?? '')) {
    problems.push(
      warning(
        'unusual_curve',
        `TLS 1.3 does not have the curve ${key.curve ?? 'in this key'}, and few brokers accept it`,
      ),
    );
  }
  // A self-signature proves nothing, so its strength does not matter.
  const signsItself = JSON.stringify(subject) === JSON.stringify(issuer);
  if (/MD5|SHA-1 /.test(`${signature.name} `) && !signsItself) {
    problems.push(
      refused('weak_signature', `signed with ${signature.name}, which OpenSSL refuses by default`),
    );
  }
  if (signature.name === 'RSA-PSS') {
    problems.push(warning('rsa_pss_signature', 'signed with RSA-PSS, which not every broker can verify'));
  }
  return problems;
}

function shapeProblems({ version, unknownCritical, subject, commonNames }: InspectedCertificate): Problem[] {
  const problems: Problem[] = [];
  if (version !== 3)
    problems.push(
      warning(
        'old_version',
        `X.509 version ${version}, which cannot say what the certificate may be used for`,
      ),
    );
  if (unknownCritical.length > 0) {
    problems.push(
      refused(
        'unknown_critical_extension',
        `TLS endpoints do not know the critical extension ${unknownCritical.join(', ')}`,
      ),
    );
  }
  if (subject.flat().some(({ value }) => /\p{Cc}/u.test(value))) {
    problems.push(
      refused(
        'control_character',
        'the subject contains a control character, such as NUL, at which some products cut it off',
      ),
    );
  }
  if (subject.flat().some(({ stringType }) => stringType === 'teletexString' || stringType === 'bmpString')) {
    problems.push(
      warning(
        'old_string_type',
        'the subject contains TeletexString or BMPString values, which products write differently',
      ),
    );
  }
  if (commonNames.length > 1) {
    problems.push(
      warning(
        'several_common_names',
        `${commonNames.length} common names: ThingsBoard takes the first, other products differ, and ThingPass refuses them without the certificate`,
      ),
    );
  }
  return problems;
}

/** Problems that keep a certificate from being used by a TLS client (`forwarded-certificates.md` section 7, 2). */
export function problemsOfLeaf(certificate: InspectedCertificate): Problem[] {
  const { extendedKeyUsage, keyUsage, basicConstraints, commonNames, alternativeNames } = certificate;
  const problems: Problem[] = [];
  if (extendedKeyUsage !== undefined && !extendedKeyUsage.includes(CLIENT_AUTH)) {
    const names = extendedKeyUsage.map((oid) => EXTENDED_KEY_USAGES.get(oid) ?? oid).join(', ');
    problems.push(
      extendedKeyUsage.includes(ANY_USAGE)
        ? warning(
            'any_usage',
            `its extended key usage is ${names}, without clientAuth: OpenSSL refuses it for clients`,
          )
        : refused(
            'not_for_clients',
            `its extended key usage is ${names}, without clientAuth: brokers refuse it for clients`,
          ),
    );
  }
  if (keyUsage !== undefined && !keyUsage.includes('digitalSignature')) {
    problems.push(
      refused(
        'cannot_sign',
        `keyUsage is ${keyUsage.join(', ')}: without digitalSignature a client cannot prove its key`,
      ),
    );
  }
  if (basicConstraints?.ca === true) {
    problems.push(
      warning('authority_as_client', 'it is a certificate authority, which some brokers refuse as a client'),
    );
  }
  if (commonNames.length === 0) {
    problems.push(
      warning(
        'no_common_name',
        alternativeNames.length > 0
          ? 'it has no common name: a device profile cannot create a device from it, and brokers get no user name from it'
          : 'it has neither a common name nor alternative names: only its digest identifies it',
      ),
    );
  }
  return problems;
}
