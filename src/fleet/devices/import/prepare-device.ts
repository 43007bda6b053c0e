import { inspectCertificate } from '../../../engine/certificates/x509/inspect.ts';
import { formatCredentials } from '../../../engine/credentials/stored/format.ts';
import { readStoredBasic } from '../../../engine/credentials/stored/stored-basic.ts';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../engine/credentials/verify-secret.ts';
import type { CredentialsType } from '../../../model/device.ts';
import { isThingPassError } from '../../../model/errors.ts';
import { withMarker } from '../stored-password.ts';
import type { ImportedCredentials, ImportedSecret, StoredCredentials } from './import-item.ts';

/**
 * Credentials in ThingsBoard's form with a separate secret. How the secret is stored is decided when it is written.
 */
export interface PreparedCredentials {
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  /** Contains a marker for the password if there is a secret. */
  readonly credentialsValue: string | null;
  readonly secret?: ImportedSecret | undefined;
}

/**
 * Formats credentials as ThingsBoard does when saving (`engine/credentials/thingsboard.md` section 2).
 * @returns the credentials, or a sentence that says why they cannot be used and quotes nothing.
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
      // A password that ThingsBoard would refuse is refused, although it is never stored.
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

/** ThingsBoard saves any text as a certificate. An imported file must contain a real one. */
function prepareCertificate(text: string): PreparedCredentials | string {
  const prepared = formatted('X509_CERTIFICATE', '', text);
  if (typeof prepared === 'string') return prepared;
  try {
    inspectCertificate(Buffer.from(prepared.credentialsValue ?? '', 'base64'));
    return prepared;
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable'))
      return 'certificate: it is not an X.509 certificate';
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
  // An empty password, which admits anyone in ThingsBoard, is kept.
  if (!password) return row;
  if (password === PASSWORD_KEPT_ELSEWHERE) return 'its password is stored in another ThingPass database';
  return {
    ...row,
    credentialsValue: withMarker(credentialsValue),
    secret: { kind: 'password', password },
  };
}
