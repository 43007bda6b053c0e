import { type CertificateReport, report } from '../../engine/certificates/examine/examine.ts';
import { type Problem, warning } from '../../engine/certificates/examine/found-problem.ts';
import { assembleChain } from '../../engine/certificates/text/assemble-chain.ts';
import { inspectCertificate } from '../../engine/certificates/x509/inspect.ts';
import { formatName, sameName } from '../../engine/certificates/x509/name.ts';
import { isThingPassError } from '../../model/errors.ts';
import type { Handshake, Observations } from './connect.ts';
import { keyFits, schemeName } from './signature-schemes.ts';
import type { VersionProbe } from './versions.ts';

/** Problems that matter for a client's certificate and are common in a server's. */
const CLIENT_ONLY_PROBLEMS: readonly string[] = ['rsa_pss_key', 'edwards_key', 'several_common_names'];

/** Reports on the server's certificates. Unreadable ones are skipped; {@link chainProblems} reports them. */
export function reportChain(chain: readonly Buffer[], now: number): CertificateReport[] {
  return chain.flatMap((der) => {
    try {
      const seen = report(inspectCertificate(der), now);
      return [
        { ...seen, problems: seen.problems.filter(({ code }) => !CLIENT_ONLY_PROBLEMS.includes(code)) },
      ];
    } catch (error) {
      if (isThingPassError(error, 'certificate_unreadable')) return [];
      throw error;
    }
  });
}

/** Problems of the server's chain for this client or others. */
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
          'the server sends its chain in the wrong order: OpenSSL sorts it, but small TLS stacks on devices (mbedTLS, wolfSSL) refuse it',
        ),
      );
    }
    const inspected = sorted.map((der) => inspectCertificate(der));
    const gap = inspected.findIndex(
      (one, at) => at > 0 && !sameName(inspected[at - 1]?.issuer ?? [], one.subject),
    );
    if (gap > 0) {
      const missing = formatName(inspected[gap - 1]?.issuer ?? []);
      problems.push(warning('missing_intermediate', `the server’s chain lacks the issuer ${missing}`));
    }
    if (inspected.some(({ subject, issuer }, at) => at > 0 && sameName(subject, issuer))) {
      problems.push(warning('root_in_chain', 'the server sends its root too, which clients ignore'));
    }
    return problems;
  } catch (error) {
    if (!isThingPassError(error, 'certificate_unreadable')) throw error;
    return [warning('unreadable_certificate', `the server’s chain cannot be read: ${error.message}`)];
  }
}

/**
 * Mismatches between a client certificate and the server's request.
 * @param own DER of the client's certificates, leaf first.
 */
export function clientProblems(
  own: readonly Buffer[],
  { request, clientCertificateSent }: Observations,
  tls13: boolean,
): Problem[] {
  const [leaf] = own;
  if (leaf === undefined) return [];
  if (request === undefined) {
    return [
      warning('not_requested', 'the server requests no client certificate, so the given one is not used'),
    ];
  }
  const problems: Problem[] = [];
  const certificate = inspectCertificate(leaf);
  const { key } = certificate;
  if (request.schemes.length > 0 && !keyFits(key, request.schemes, tls13)) {
    problems.push(
      warning(
        'no_common_signature_algorithm',
        `the server accepts no signature by a key of type ${key.name}${key.curve ? ` ${key.curve}` : ''} (it accepts ${request.schemes.map(schemeName).join(', ')}), so the client sends no certificate`,
      ),
    );
  } else if (clientCertificateSent === false) {
    problems.push(
      warning(
        'certificate_not_sent',
        'the server requested a client certificate, but the client did not send the given one',
      ),
    );
  }
  const issuers = own.map((der) => formatName(inspectCertificate(der).issuer));
  if (request.authorities.length > 0 && !issuers.some((issuer) => request.authorities.includes(issuer))) {
    problems.push(
      warning(
        'issuer_not_acceptable',
        `the client certificate was issued by ${issuers[0]}; the server accepts ${request.authorities.join(' or ')}`,
      ),
    );
  }
  return problems;
}

export function versionProblems(versions: readonly VersionProbe[], { version }: Handshake): Problem[] {
  const spoken = versions.filter((one) => one.spoken).map((one) => one.version);
  const old = spoken.filter((one) => one === 'TLSv1' || one === 'TLSv1.1');
  if (old.length === 0 || version === undefined) return [];
  return [warning('old_version', `the server still accepts ${old.join(' and ')}, which RFC 8996 forbids`)];
}
