import { CertificateUnreadable } from '../../../engine/certificates/text/fault.ts';
import { inspectCertificate } from '../../../engine/certificates/x509/inspect.ts';
import { formatCredentials } from '../../../engine/credentials/stored/format.ts';
import { readStoredBasic } from '../../../engine/credentials/stored/stored-basic.ts';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../engine/credentials/verify-secret.ts';
import type { CredentialsType } from '../../../model/device.ts';
import { withMarker } from '../stored-password.ts';
import type { ImportedCredentials, ImportedSecret, StoredCredentials } from './import-item.ts';

/** Credentials in ThingsBoard's form, with the secret apart: how it is kept is decided when it is written. */
export interface PreparedCredentials {
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  /** With a marker for the password where there is a secret. */
  readonly credentialsValue: string | null;
  readonly secret?: ImportedSecret | undefined;
}

/**
 * Formats credentials as ThingsBoard does for saving (`credentials/thingsboard.md` section 2).
 * @returns a sentence where they cannot be used; it quotes nothing.
 */
export function prepareCredentials(credentials: ImportedCredentials): PreparedCredentials | string {
  switch (credentials.type) {
    case 'STORED':
      return prepareStored(credentials);
    case 'ACCESS_TOKEN':
      return formatted('ACCESS_TOKEN', credentials.token, null);
    case 'LWM2M_CREDENTIALS':
      return formatted('LWM2M_CREDENTIALS', '', credentials.value);
    case 'X509_CERTIFICATE':
      return prepareCertificate(credentials.certificate);
    case 'MQTT_BASIC': {
      const { clientId = null, userName = null, secret } = credentials;
      // A password that ThingsBoard would refuse is refused though it is never stored.
      const password = secret?.kind === 'password' ? secret.password : null;
      const checked = formatted('MQTT_BASIC', '', JSON.stringify({ clientId, userName, password }));
      if (typeof checked === 'string' || secret === undefined) return checked;
      return { ...checked, credentialsValue: withMarker(checked.credentialsValue), secret };
    }
  }
}

function formatted(
  credentialsType: CredentialsType,
  id: string,
  value: string | null,
): PreparedCredentials | string {
  const detail = formatCredentials({ credentialsType, credentialsId: id, credentialsValue: value });
  if (!detail.ok) return `the credentials cannot be used: ${detail.error}`;
  return { credentialsType, credentialsId: detail.credentialsId, credentialsValue: detail.credentialsValue };
}

/** ThingsBoard saves any text for a certificate; a file that somebody wrote is held to more. */
function prepareCertificate(text: string): PreparedCredentials | string {
  const prepared = formatted('X509_CERTIFICATE', '', text);
  if (typeof prepared === 'string') return prepared;
  try {
    inspectCertificate(Buffer.from(prepared.credentialsValue ?? '', 'base64'));
    return prepared;
  } catch (error) {
    if (error instanceof CertificateUnreadable) return 'certificate: it is no X.509 certificate';
    throw error;
  }
}

function prepareStored(stored: StoredCredentials): PreparedCredentials | string {
  const { credentialsType, credentialsId, credentialsValue } = stored;
  if (credentialsId === '') return 'the credentials have no id';
  const row = { credentialsType, credentialsId, credentialsValue };
  if (credentialsType !== 'MQTT_BASIC') return row;
  const basic = readStoredBasic(credentialsValue);
  if (basic === undefined) return 'the credentials cannot be used: MQTT_BASIC_BODY_INVALID';
  const { password } = basic;
  // The empty password of ThingsBoard's, which lets anyone in, stays as it is there.
  if (!password) return row;
  if (password === PASSWORD_KEPT_ELSEWHERE) return 'its password is kept in another database of ThingPass';
  return {
    ...row,
    credentialsValue: withMarker(credentialsValue),
    secret: { kind: 'password', password },
  };
}
