import { readStoredBasic } from '../../engine/credentials/stored/stored-basic.ts';
import { PASSWORD_KEPT_ELSEWHERE } from '../../engine/credentials/verify-secret.ts';
import type { CredentialsEntry, Window } from '../../model/device.ts';

const HIDDEN = '(hidden, see --reveal)';

/**
 * Credentials as they are shown, by name. Secrets are hidden unless `reveal`: a token is the credentials id itself, a
 * password stands inside the value where it is kept in plain text.
 */
export function describeCredentials(
  entry: CredentialsEntry,
  reveal: boolean,
): Record<string, string | undefined> {
  return {
    id: entry.id,
    ...describeByType(entry, reveal),
    valid: describeWindow(entry),
    certificateEnds: time(entry.certificateNotAfter),
  };
}

function describeByType(entry: CredentialsEntry, reveal: boolean): Record<string, string | undefined> {
  const type = entry.credentialsType;
  switch (type) {
    case 'ACCESS_TOKEN':
      return { type, token: reveal ? entry.credentialsId : HIDDEN };
    case 'MQTT_BASIC': {
      const value = readStoredBasic(entry.credentialsValue);
      return {
        type,
        clientId: value?.clientId ?? undefined,
        userName: value?.userName ?? undefined,
        password: describePassword(value?.password, entry, reveal),
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

function describePassword(
  password: string | null | undefined,
  { secrets }: CredentialsEntry,
  reveal: boolean,
): string {
  const valid = secrets.map((secret) => describeWindow(secret)).filter((one) => one !== undefined);
  const when = valid.length === 0 ? '' : `; valid ${valid.join(' and ')}`;
  if (secrets.length > 1) return `(${secrets.length}, hashed${when})`;
  if (secrets.length === 1 || password === PASSWORD_KEPT_ELSEWHERE) return `(hashed${when})`;
  if (!password) return '(any)';
  return reveal ? password : HIDDEN;
}

function describeWindow({ notBefore, notAfter, endsOnFirstUseOf }: Window): string | undefined {
  const parts = [
    notBefore === undefined ? undefined : `from ${time(notBefore)}`,
    notAfter === undefined ? undefined : `until ${time(notAfter)}`,
    endsOnFirstUseOf === undefined ? undefined : 'until its successor is used',
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}

function time(value: number | undefined): string | undefined {
  return value === undefined ? undefined : new Date(value).toISOString();
}
