import type { CredentialsType } from '../../../model/device.ts';
import { formatLwm2m, type Lwm2mError } from './format-lwm2m.ts';
import { basicCredentialsId, sha3, trim } from './hash.ts';
import { readStoredBasic } from './stored-basic.ts';

/**
 * Why ThingsBoard would not save credentials; the names are this project's. `UNPAIRED_SURROGATE` is ours alone: no client
 * could ever present such text, and a database would store another in its place, which a client could.
 */
type FormatError =
  | 'TYPE_MISSING'
  | 'ID_EMPTY'
  | 'VALUE_NULL'
  | 'CONTROL_CHAR_CREDENTIALS_ID'
  | 'CONTROL_CHAR_CLIENT_ID'
  | 'CONTROL_CHAR_USER_NAME'
  | 'CONTROL_CHAR_PASSWORD'
  | 'UNPAIRED_SURROGATE'
  | 'MQTT_BASIC_BODY_INVALID'
  | 'MQTT_BASIC_ID_AND_USER_EMPTY'
  | 'MQTT_BASIC_PASSWORD_WITH_CLIENT_ID_ONLY'
  | Lwm2mError;

export interface UnformattedCredentials {
  readonly credentialsType: CredentialsType | null;
  /** Kept for access tokens only; every other type makes its own. */
  readonly credentialsId: string | null;
  readonly credentialsValue: string | null;
}

export type FormattedCredentials =
  | { readonly ok: true; readonly credentialsId: string; readonly credentialsValue: string | null }
  | { readonly ok: false; readonly error: FormatError };

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what ThingsBoard refuses
const CONTROL_CHARACTER = /[\0-\x1f\x7f]/;

/** Credentials as ThingsBoard would save them, or why it would not (`thingsboard.md` section 2). */
export function formatCredentials(credentials: UnformattedCredentials): FormattedCredentials {
  const formatted = formatByType(credentials);
  if (!formatted.ok) return formatted;
  if (formatted.credentialsId === '') return refuse('ID_EMPTY');
  if (CONTROL_CHARACTER.test(formatted.credentialsId)) return refuse('CONTROL_CHAR_CREDENTIALS_ID');
  if (!formatted.credentialsId.isWellFormed()) return refuse('UNPAIRED_SURROGATE');
  if (credentials.credentialsType !== 'MQTT_BASIC') return formatted;
  const basic = readStoredBasic(formatted.credentialsValue);
  if (CONTROL_CHARACTER.test(basic?.clientId ?? '')) return refuse('CONTROL_CHAR_CLIENT_ID');
  if (CONTROL_CHARACTER.test(basic?.userName ?? '')) return refuse('CONTROL_CHAR_USER_NAME');
  if (CONTROL_CHARACTER.test(basic?.password ?? '')) return refuse('CONTROL_CHAR_PASSWORD');
  const texts = [basic?.clientId, basic?.userName, basic?.password];
  if (texts.some((text) => text?.isWellFormed() === false)) return refuse('UNPAIRED_SURROGATE');
  return formatted;
}

function formatByType({
  credentialsType,
  credentialsId,
  credentialsValue,
}: UnformattedCredentials): FormattedCredentials {
  switch (credentialsType) {
    case null:
      return refuse('TYPE_MISSING');
    case 'ACCESS_TOKEN':
      return { ok: true, credentialsId: credentialsId ?? '', credentialsValue };
    case 'MQTT_BASIC':
      return formatBasic(credentialsValue);
    case 'X509_CERTIFICATE':
      // Whether the text is a certificate at all is not looked at.
      if (credentialsValue === null) return refuse('VALUE_NULL');
      return trimmedCertificate(trim(credentialsValue));
    case 'LWM2M_CREDENTIALS':
      return formatLwm2m(credentialsValue);
  }
}

/** Hashing trims once more, which matters for armour that a line break had cut (section 3). */
function trimmedCertificate(trimmed: string): FormattedCredentials {
  return { ok: true, credentialsId: sha3(trimmed), credentialsValue: trimmed };
}

function formatBasic(value: string | null): FormattedCredentials {
  const basic = readStoredBasic(value);
  if (basic === undefined) return refuse('MQTT_BASIC_BODY_INVALID');
  const { clientId, userName, password } = basic;
  if (!clientId && !userName) return refuse('MQTT_BASIC_ID_AND_USER_EMPTY');
  if (clientId && password && !userName) return refuse('MQTT_BASIC_PASSWORD_WITH_CLIENT_ID_ONLY');
  return {
    ok: true,
    // A user name alone is looked up as it is; the client id alone, or both, by their hash.
    credentialsId: clientId ? basicCredentialsId(clientId, userName ?? '') : (userName as string),
    credentialsValue: JSON.stringify({ clientId, userName, password }),
  };
}

function refuse(error: FormatError): FormattedCredentials {
  return { ok: false, error };
}
