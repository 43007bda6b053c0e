import { type CertificateReport, report } from '../../engine/certificates/examine/examine.ts';
import { type Problem, warning } from '../../engine/certificates/examine/problem.ts';
import { assembleChain } from '../../engine/certificates/text/assemble-chain.ts';
import { CertificateUnreadable } from '../../engine/certificates/text/fault.ts';
import { inspectCertificate } from '../../engine/certificates/x509/inspect.ts';
import { formatName, sameName } from '../../engine/certificates/x509/name.ts';
import type { Handshake, Seen } from './connect.ts';
import { keyFits, schemeName } from './signature-schemes.ts';
import type { VersionSeen } from './versions.ts';

/** What is worth a word about a client's certificate, and is common in a server's. */
const OF_CLIENTS: readonly string[] = ['rsa_pss_key', 'edwards_key', 'several_common_names'];

/** The server's certificates one by one; none for bytes that cannot be read, which the problems tell. */
export function reportChain(chain: readonly Buffer[], now: number): CertificateReport[] {
  return chain.flatMap((der) => {
    try {
      const seen = report(inspectCertificate(der), now);
      return [{ ...seen, problems: seen.problems.filter(({ code }) => !OF_CLIENTS.includes(code)) }];
    } catch (error) {
      if (error instanceof CertificateUnreadable) return [];
      throw error;
    }
  });
}

/** What of the server's chain this client, or another, stumbles over. */
export function chainProblems(chain: readonly Buffer[]): Problem[] {
  const [leaf, ...others] = chain;
  if (leaf === undefined) return [];
  try {
    const sorted = [leaf, ...assembleChain(leaf, others)];
    const problems: Problem[] = [];
    if (sorted.length !== chain.length) {
      problems.push(warning('repeated_certificate', 'the server sends a certificate twice'));
    } else if (sorted.some((der, at) => der !== chain[at])) {
      problems.push(
        warning(
          'wrong_order',
          'the server sends its chain in the wrong order; OpenSSL sorts it, small TLS stacks on devices (mbedTLS, wolfSSL) refuse it',
        ),
      );
    }
    const inspected = sorted.map((der) => inspectCertificate(der));
    const stray = inspected.findIndex(
      (one, at) => at > 0 && !sameName(inspected[at - 1]?.issuer ?? [], one.subject),
    );
    if (stray > 0) {
      const missing = formatName(inspected[stray - 1]?.issuer ?? []);
      problems.push(
        warning('missing_intermediate', `the server’s chain has a gap: ${missing} is missing in it`),
      );
    }
    if (inspected.some(({ subject, issuer }, at) => at > 0 && sameName(subject, issuer))) {
      problems.push(
        warning('root_in_chain', 'the server sends its root too, which no client needs or believes'),
      );
    }
    return problems;
  } catch (error) {
    if (!(error instanceof CertificateUnreadable)) throw error;
    return [warning('unreadable_certificate', `the server’s chain cannot be read: ${error.message}`)];
  }
}

/** What of a client certificate does not go with what the server asks for. @param own DER, of the leaf. */
export function clientProblems(
  own: readonly Buffer[],
  { request, clientCertificateSent }: Seen,
  tls13: boolean,
): Problem[] {
  const [leaf] = own;
  if (leaf === undefined) return [];
  if (request === undefined) {
    return [
      warning('not_requested', 'the server asks for no client certificate, so the one given is not used'),
    ];
  }
  const problems: Problem[] = [];
  const certificate = inspectCertificate(leaf);
  const { key } = certificate;
  if (request.schemes.length > 0 && !keyFits(key, request.schemes, tls13)) {
    problems.push(
      warning(
        'no_common_signature_algorithm',
        `the server takes no signature of a key of type ${key.name}${key.curve ? ` ${key.curve}` : ''} (it takes ${request.schemes.map(schemeName).join(', ')}): the client goes on without certificate`,
      ),
    );
  } else if (clientCertificateSent === false) {
    problems.push(
      warning('certificate_not_sent', 'a client certificate is there and was asked for, and was not sent'),
    );
  }
  const issuers = own.map((der) => formatName(inspectCertificate(der).issuer));
  if (request.authorities.length > 0 && !issuers.some((issuer) => request.authorities.includes(issuer))) {
    problems.push(
      warning(
        'issuer_not_acceptable',
        `the client certificate is issued by ${issuers[0]}; the server says it takes ${request.authorities.join(' or ')}`,
      ),
    );
  }
  return problems;
}

export function versionProblems(versions: readonly VersionSeen[], { version }: Handshake): Problem[] {
  const spoken = versions.filter((one) => one.spoken).map((one) => one.version);
  const old = spoken.filter((one) => one === 'TLSv1' || one === 'TLSv1.1');
  if (old.length === 0 || version === undefined) return [];
  return [warning('old_version', `the server still takes ${old.join(' and ')}, which RFC 8996 forbids`)];
}
