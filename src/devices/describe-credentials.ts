import type { CredentialsEntry } from '../storage/device-entry.ts';

const HIDDEN = '(hidden, see --reveal)';

/**
 * Credentials for people's eyes, by name. Secrets are hidden unless `reveal`: a token is the credentials id itself, a
 * password stands inside the value.
 */
export function describeCredentials(
  entry: CredentialsEntry,
  reveal: boolean,
): Record<string, string | undefined> {
  const type = entry.credentialsType;
  switch (type) {
    case 'ACCESS_TOKEN':
      return { type, token: reveal ? entry.credentialsId : HIDDEN };
    case 'MQTT_BASIC': {
      const value = JSON.parse(entry.credentialsValue ?? '{}') as Record<string, string | null>;
      return {
        type,
        clientId: value.clientId ?? undefined,
        userName: value.userName ?? undefined,
        password: value.password ? (reveal ? value.password : HIDDEN) : '(any)',
      };
    }
    case 'X509_CERTIFICATE':
      return { type, credentialsId: entry.credentialsId, certificate: entry.credentialsValue ?? undefined };
    case 'LWM2M_CREDENTIALS':
      return {
        type,
        credentialsId: entry.credentialsId,
        value: reveal ? (entry.credentialsValue ?? '') : HIDDEN,
      };
  }
}
