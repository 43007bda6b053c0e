import { assembleChain } from '../text/assemble-chain.ts';
import { checkChain } from '../x509/chain.ts';
import { type InspectedCertificate, inspectCertificate, opensslCertificate } from '../x509/inspect.ts';
import { formatName, sameName } from '../x509/name.ts';
import { DAY_MS, EXTENDED_KEY_USAGES, problemsOfEach, problemsOfLeaf } from './certificate-problems.ts';
import { guessForm } from './guess-form.ts';
import { type Problem, refused, warning } from './problem.ts';

/** All that can be said of one certificate, in plain data. */
export interface CertificateReport {
  readonly subject: string;
  readonly commonNames: readonly string[];
  readonly alternativeNames: readonly string[];
  readonly issuer: string;
  readonly serialNumber: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days until it ends; negative when it has ended. */
  readonly daysLeft: number;
  readonly key: string;
  readonly signature: string;
  readonly isAuthority: boolean;
  readonly keyUsage: readonly string[] | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly sha256: string;
  /** ThingsBoard's: under which it is looked up. */
  readonly credentialsId: string;
  readonly problems: readonly Problem[];
}

export interface Examination {
  readonly form: string;
  /** The client's certificate, then the others from its issuer upwards, then what has no place. */
  readonly certificates: readonly CertificateReport[];
  /** Of the whole: the form, the order, the chain. */
  readonly problems: readonly Problem[];
  /** A broker or ThingPass would let no client in with it. */
  readonly refused: boolean;
}

/**
 * What ThingPass sees in some bytes, with every problem in plain words.
 * @throws {CertificateUnreadable} where there is no certificate in them.
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
 * Which certificate is meant as the client's. In a handshake only its place tells; in a file somebody may have turned the
 * order round, so here it is the first that issued none of the others, if there is one.
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
        'wrong order: the client’s own certificate must come first; TLS takes the first for the client',
      ),
    ];
  }
  if (sorted.some((der, at) => der !== given[at])) {
    return [
      warning(
        'wrong_order',
        'wrong order: each certificate should be followed by its issuer; TLS before 1.3 demands it',
      ),
    ];
  }
  return [];
}

function chainProblems(inspected: readonly InspectedCertificate[], now: number): Problem[] {
  const [leaf, ...chain] = inspected as [InspectedCertificate, ...InspectedCertificate[]];
  if (signsItself(leaf)) {
    const says = 'self-signed: only a broker that trusts this very certificate, or verifies none, lets it in';
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
        `missing: the issuer ${missing}, so the certificates do not form a chain`,
      ),
    ];
  }
  const verdict = checkChain(
    leaf.der,
    chain.map(({ der }) => der),
    { now },
  );
  const problems: Problem[] = verdict.holds
    ? []
    : [refused('chain_broken', `the chain does not hold: ${verdict.reason}`)];
  if (chain.some(signsItself)) {
    problems.push(
      warning(
        'root_in_chain',
        'a self-signed root stands in the chain; it need not be sent, and proves nothing there',
      ),
    );
  }
  return problems;
}

/** By name and signature; a key that OpenSSL does not have signs nothing that could be checked. */
function signsItself(certificate: InspectedCertificate): boolean {
  if (!sameName(certificate.subject, certificate.issuer)) return false;
  try {
    const openssl = opensslCertificate(certificate.der);
    return openssl.verify(openssl.publicKey);
  } catch {
    return false;
  }
}
