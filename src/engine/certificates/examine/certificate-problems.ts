import type { InspectedCertificate } from '../x509/inspect.ts';
import { type Problem, refused, warning } from './problem.ts';

export const DAY_MS = 86_400_000;
/** From so many days before its end on, a certificate is worth a word. */
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

/** What is wrong with any certificate of a chain by itself. */
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
        `not valid yet: it begins ${day(notBefore)}, in ${days(notBefore - now)}; is the clock right?`,
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

/** By OpenSSL's security level 2, which distributions and brokers' images use; RFC 9325 section 4 says the same. */
function algorithmProblems({ key, signature, subject, issuer }: InspectedCertificate): Problem[] {
  const problems: Problem[] = [];
  if (key.bits !== undefined && key.bits < 2048) {
    problems.push(
      refused('weak_key', `the key has ${key.bits} bits of RSA; OpenSSL's default refuses less than 2048`),
    );
  }
  if (key.name === 'DSA') problems.push(refused('weak_key', 'DSA keys: no TLS version in use takes them'));
  if (key.name === 'RSA-PSS') {
    problems.push(
      warning(
        'rsa_pss_key',
        'the key is for RSA-PSS only: a broker that does not offer rsa_pss_pss_* sees a client without certificate, without an error',
      ),
    );
  } else if (key.name === 'Ed25519' || key.name === 'Ed448') {
    problems.push(
      warning(
        'edwards_key',
        `${key.name} is not offered by every broker: there the client connects without certificate, without an error`,
      ),
    );
  } else if (key.name === 'EC' && !['P-256', 'P-384', 'P-521'].includes(key.curve ?? '')) {
    problems.push(
      warning(
        'unusual_curve',
        `the curve ${key.curve ?? 'written out'} is not in TLS 1.3, and few brokers take it`,
      ),
    );
  }
  // What signs itself proves nothing by its signature, so its strength does not matter.
  const signsItself = JSON.stringify(subject) === JSON.stringify(issuer);
  if (/MD5|SHA-1 /.test(`${signature.name} `) && !signsItself) {
    problems.push(refused('weak_signature', `signed by ${signature.name}, which OpenSSL's default refuses`));
  }
  if (signature.name === 'RSA-PSS') {
    problems.push(warning('rsa_pss_signature', 'signed by RSA-PSS, which not every broker can verify'));
  }
  return problems;
}

function shapeProblems({ version, unknownCritical, subject, commonNames }: InspectedCertificate): Problem[] {
  const problems: Problem[] = [];
  if (version !== 3)
    problems.push(warning('old_version', `X.509 version ${version}: it cannot say what it is for`));
  if (unknownCritical.length > 0) {
    problems.push(
      refused(
        'unknown_critical_extension',
        `critical extension ${unknownCritical.join(', ')}, unknown to TLS endpoints`,
      ),
    );
  }
  if (subject.flat().some(({ value }) => /\p{Cc}/u.test(value))) {
    problems.push(
      refused(
        'control_character',
        'the subject has a control character, such as NUL: what one reads, another cuts off',
      ),
    );
  }
  if (subject.flat().some(({ stringType }) => stringType === 'teletexString' || stringType === 'bmpString')) {
    problems.push(
      warning(
        'old_string_type',
        'the subject has TeletexString or BMPString values, which products write differently',
      ),
    );
  }
  if (commonNames.length > 1) {
    problems.push(
      warning(
        'several_common_names',
        `${commonNames.length} common names; ThingsBoard takes the first, products differ, and as a name alone it is refused`,
      ),
    );
  }
  return problems;
}

/** What keeps a certificate from being a TLS client's own (`forwarded-certificates.md` section 7, 2). */
export function problemsOfLeaf(certificate: InspectedCertificate): Problem[] {
  const { extendedKeyUsage, keyUsage, basicConstraints, commonNames, alternativeNames } = certificate;
  const problems: Problem[] = [];
  if (extendedKeyUsage !== undefined && !extendedKeyUsage.includes(CLIENT_AUTH)) {
    const names = extendedKeyUsage.map((oid) => EXTENDED_KEY_USAGES.get(oid) ?? oid).join(', ');
    problems.push(
      extendedKeyUsage.includes(ANY_USAGE)
        ? warning('any_usage', `made for ${names}, not clientAuth by name: OpenSSL refuses it for clients`)
        : refused('not_for_clients', `made for ${names} only, not clientAuth: brokers refuse it for clients`),
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
      warning('authority_as_client', 'a certificate authority: as a client it is refused by some'),
    );
  }
  if (commonNames.length === 0) {
    problems.push(
      warning(
        'no_common_name',
        alternativeNames.length > 0
          ? 'no common name; a device profile cannot make a device of it, and brokers have no user name'
          : 'neither a common name nor alternative names: nothing but its digest identifies it',
      ),
    );
  }
  return problems;
}
