import type { InspectedCertificate } from '../x509/inspect.ts';
import type { Objection } from './policy.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/**
 * Checks that a certificate may be used by TLS clients. Without the extension it may be used for anything (RFC 5280
 * section 4.2.1.12).
 */
export function usageObjection({ extendedKeyUsage }: InspectedCertificate): Objection | undefined {
  if (extendedKeyUsage === undefined) return undefined;
  if (extendedKeyUsage.includes(CLIENT_AUTH) || extendedKeyUsage.includes(ANY_USAGE)) return undefined;
  const detail =
    extendedKeyUsage.length === 1 && extendedKeyUsage[0] === SERVER_AUTH
      ? 'its extendedKeyUsage is for TLS servers only'
      : `its extendedKeyUsage lacks clientAuth (it has ${extendedKeyUsage.join(', ')})`;
  return { rule: 'usage', reason: 'certificate_usage_mismatch', detail };
}
