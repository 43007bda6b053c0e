import { readStoredBasic } from '../../engine/credentials/stored/stored-basic.ts';
import { PASSWORD_KEPT_ELSEWHERE } from '../../engine/credentials/verify-secret.ts';
import type { KeepPassword } from '../../engine/secrets/keep-password.ts';
import type { NewCredentials } from '../../model/device.ts';

/**
 * Formatted credentials as they are stored: a password goes into a separate secret, and a marker stands in its
 * place. ThingsBoard's empty one, which accepts any, stays.
 */
export async function hidePassword(
  credentials: NewCredentials,
  made: boolean,
  keep: KeepPassword,
): Promise<NewCredentials> {
  if (credentials.credentialsType !== 'MQTT_BASIC') return credentials;
  const password = plainPasswordOf(credentials);
  if (password === undefined) return credentials;
  return {
    ...credentials,
    credentialsValue: withMarker(credentials.credentialsValue),
    secrets: [await keep(password, made)],
  };
}

/** The password that stands in the value itself, if one does. */
export function plainPasswordOf({
  credentialsValue,
}: Pick<NewCredentials, 'credentialsValue'>): string | undefined {
  const password = readStoredBasic(credentialsValue)?.password;
  return password === PASSWORD_KEPT_ELSEWHERE || !password ? undefined : password;
}

/** An MQTT_BASIC value whose password is kept in a secret. */
export function withMarker(credentialsValue: string | null): string {
  const { clientId, userName } = readStoredBasic(credentialsValue) ?? { clientId: null, userName: null };
  return JSON.stringify({ clientId, userName, password: PASSWORD_KEPT_ELSEWHERE });
}
