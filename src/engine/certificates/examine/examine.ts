import { assembleChain } from '../text/assemble-chain.ts';
import { checkChain } from '../x509/chain.ts';
import { type InspectedCertificate, inspectCertificate, opensslCertificate } from '../x509/inspect.ts';
import { formatName, sameName } from '../x509/name.ts';
import { DAY_MS, EXTENDED_KEY_USAGES, problemsOfEach, problemsOfLeaf } from './certificate-problems.ts';
import { type Problem, refused, warning } from './found-problem.ts';
import { guessForm } from './guess-form.ts';

/** Everything about one certificate, in plain data. */
export interface CertificateReport {
  readonly subject: string;
  readonly commonNames: readonly string[];
  readonly alternativeNames: readonly string[];
  readonly issuer: string;
  readonly serialNumber: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days until it expires; negative if it has expired. */
  readonly daysLeft: number;
  readonly key: string;
  readonly signature: string;
  readonly isAuthority: boolean;
  readonly keyUsage: readonly string[] | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly sha256: string;
  /** ThingsBoard's credentials id, by which the certificate is looked up. */
  readonly credentialsId: string;
  readonly problems: readonly Problem[];
}

export interface Examination {
  readonly form: string;
  /** The client's certificate, then the others from its issuer upwards, then those outside the path. */
  readonly certificates: readonly CertificateReport[];
  /** Problems of the form, the order and the chain. */
  readonly problems: readonly Problem[];
  /** Whether a broker or ThingPass would refuse a client with this certificate. */
  readonly refused: boolean;
}

/**
 * Reads certificates in any known form and reports every problem in plain words. For the `certificate` command,
 * never for a decision.
 * @param now epoch milliseconds.
 * @throws {ThingPassError} `certificate_unreadable` if there is no certificate.
 */
export function examine(bytes: Buffer, now: number): Examination {
  const guess = guessForm(bytes);
  const leaf = findLeaf(guess.certificates);
  const others = guess.certificates.filter((one) => one !== leaf);
  const chain = assembleChain(leaf, others);
  const inspected = [leaf, ...chain].map((der) => inspectCertificate(der));
  const certificates = inspected.map((certificate, at) =>
    report(certificate, now, at === 0 ? problemsOfLeaf(certificate) : []),
  );
  const problems = [
    ...guess.problems,
    ...orderProblems(guess.certificates, [leaf, ...chain]),
    ...chainProblems(inspected, now),
  ];
  const all = [...problems, ...certificates.flatMap((certificate) => certificate.problems)];
  return {
    form: guess.form,
    certificates,
    problems,
    refused: all.some(({ severity }) => severity === 'refused'),
  };
}

export function report(
  certificate: InspectedCertificate,
  now: number,
  further: readonly Problem[] = [],
): CertificateReport {
  const { key } = certificate;
  const size = key.bits === undefined ? key.curve : `${key.bits} bits`;
  return {
    subject: formatName(certificate.subject),
    commonNames: certificate.commonNames,
    alternativeNames: certificate.alternativeNames.map(({ type, value }) => `${type}:${value}`),
    issuer: formatName(certificate.issuer),
    serialNumber: certificate.serialNumber,
    notBefore: new Date(certificate.notBefore).toISOString(),
    notAfter: new Date(certificate.notAfter).toISOString(),
    daysLeft: Math.trunc((certificate.notAfter - now) / DAY_MS),
    key: size === undefined ? key.name : `${key.name} ${size}`,
    signature: certificate.signature.name,
    isAuthority: certificate.basicConstraints?.ca === true,
    keyUsage: certificate.keyUsage,
    extendedKeyUsage: certificate.extendedKeyUsage?.map((oid) => EXTENDED_KEY_USAGES.get(oid) ?? oid),
    sha256: certificate.sha256,
    credentialsId: certificate.credentialsId,
    problems: [...problemsOfEach(certificate, now), ...further],
  };
}

/**
 * Finds the client's certificate. In a handshake only its position tells. In a file the order may be reversed, so
 * this takes the first certificate that issued none of the others, or else the first.
 */
function findLeaf(certificates: readonly Buffer[]): Buffer {
  const inspected = certificates.map((der) => ({ der, ...namesOf(der) }));
  const leaf = inspected.find(
    ({ der, subject }) => !inspected.some((other) => other.der !== der && sameName(other.issuer, subject)),
  );
  return leaf?.der ?? (certificates[0] as Buffer);
}

function namesOf(der: Buffer): Pick<InspectedCertificate, 'subject' | 'issuer'> {
  const { subject, issuer } = inspectCertificate(der);
  return { subject, issuer };
}

function orderProblems(given: readonly Buffer[], sorted: readonly Buffer[]): Problem[] {
  if (given[0] !== sorted[0]) {
    return [
      refused(
        'wrong_order',
        'wrong order: the client’s certificate must come first, because TLS uses the first',
      ),
    ];
  }
  if (sorted.some((der, at) => der !== given[at])) {
    return [
      warning(
        'wrong_order',
        'wrong order: each certificate should be followed by its issuer, as TLS before 1.3 requires',
      ),
    ];
  }
  return [];
}

function chainProblems(inspected: readonly InspectedCertificate[], now: number): Problem[] {
  const [leaf, ...chain] = inspected as [InspectedCertificate, ...InspectedCertificate[]];
  if (signsItself(leaf)) {
    const says =
      'self-signed: it is accepted only by a broker that trusts exactly this certificate or verifies none';
    const lone =
      chain.length === 0 ? [] : [refused('unrelated', 'the other certificates do not belong to it')];
    return [warning('self_signed', says), ...lone];
  }
  const gap = inspected.findIndex(
    (one, at) => at + 1 < inspected.length && !sameName(one.issuer, inspected[at + 1]?.subject ?? []),
  );
  if (gap >= 0) {
    const missing = formatName((inspected[gap] as InspectedCertificate).issuer);
    return [
      refused(
        'missing_intermediate',
        `the issuer ${missing} is missing, so the certificates do not form a chain`,
      ),
    ];
  }
  const verdict = checkChain(
    leaf.der,
    chain.map(({ der }) => der),
    { now },
  );
  const problems: Problem[] = verdict.valid
    ? []
    : [refused('chain_broken', `the chain is not valid: ${verdict.reason}`)];
  if (chain.some(signsItself)) {
    problems.push(
      warning(
        'root_in_chain',
        'the chain contains a self-signed root, which proves nothing and need not be sent',
      ),
    );
  }
  return problems;
}

/** Compares names and checks the signature. False also for keys that OpenSSL does not support. */
function signsItself(certificate: InspectedCertificate): boolean {
  if (!sameName(certificate.subject, certificate.issuer)) return false;
  try {
    const openssl = opensslCertificate(certificate.der);
    return openssl.verify(openssl.publicKey);
  } catch {
    return false;
  }
}
