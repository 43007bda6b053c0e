import { problemOfHash } from '../../../engine/secrets/formats.ts';
import { isDeviceName, LONGEST_NAME } from '../../../model/device-name.ts';
import type { ImportedCredentials, ImportedDevice, ImportedSecret } from './import-item.ts';

/**
 * The names of CSV columns and JSON members, ignoring case, spaces, `-` and `_`. The first one of each list is
 * documented.
 */
const NAMES = {
  name: ['name', 'devicename', 'device'],
  profile: ['profile', 'profilename', 'deviceprofile', 'type'],
  label: ['label'],
  gateway: ['gateway', 'isgateway'],
  accessToken: ['accesstoken', 'token'],
  clientId: ['clientid', 'mqttclientid'],
  userName: ['username', 'mqttusername', 'user'],
  password: ['password', 'mqttpassword'],
  passwordHash: ['passwordhash'],
  certificate: ['certificate', 'x509', 'x509certificate'],
  lwm2m: ['lwm2m', 'lwm2mcredentials'],
  notBefore: ['notbefore', 'validfrom'],
  notAfter: ['notafter', 'validuntil'],
} as const satisfies Record<string, readonly string[]>;

export type DeviceField = keyof typeof NAMES;
export type DeviceFields = ReadonlyMap<DeviceField, string>;

export const DEVICE_FIELDS = Object.keys(NAMES) as readonly DeviceField[];

const BY_NAME = new Map(
  DEVICE_FIELDS.flatMap((field) => NAMES[field].map((name) => [name as string, field] as const)),
);

export interface DeviceFileOptions {
  /** Accept MQTT basic credentials without a password. They admit anyone who knows the user name or client id. */
  readonly allowNoPassword?: boolean;
}

/** @returns the field of a column or member; `undefined` for an unknown name. */
export function deviceField(name: string): DeviceField | undefined {
  return BY_NAME.get(name.toLowerCase().replaceAll(/[\s_-]/g, ''));
}

/**
 * Reads the device that the fields describe.
 * @param fields contains no absent fields.
 * @returns the device, or a sentence that says what is wrong.
 */
export function readDevice(
  line: number,
  fields: DeviceFields,
  options: DeviceFileOptions,
): ImportedDevice | string {
  for (const [field, value] of fields) {
    const problem = problemOfText(field, value);
    if (problem !== undefined) return problem;
  }
  const deviceName = fields.get('name');
  if (deviceName === undefined) return 'no device name';
  const credentials = readCredentials(fields, options);
  if (typeof credentials === 'string') return credentials;
  const gateway = readBoolean(fields.get('gateway'));
  if (gateway === 'neither') return 'gateway must be true or false';
  const notBefore = readTime(fields.get('notBefore'));
  const notAfter = readTime(fields.get('notAfter'));
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) {
    return 'notBefore and notAfter must be times such as 2030-01-31T12:00:00Z, or epoch milliseconds';
  }
  if (notBefore !== undefined && notAfter !== undefined && notAfter <= notBefore)
    return 'notAfter must be later than notBefore';
  const [profileName, label] = [fields.get('profile'), fields.get('label')];
  return {
    kind: 'device',
    line,
    deviceName,
    profileName,
    label,
    gateway,
    credentials,
    notBefore,
    notAfter,
    warnings: [],
  };
}

/** Checks as ThingsBoard does when saving credentials (`engine/credentials/thingsboard.md` section 2), and more strictly. */
function readCredentials(
  fields: DeviceFields,
  options: DeviceFileOptions,
): ImportedCredentials | undefined | string {
  const basic = (['clientId', 'userName', 'password', 'passwordHash'] as const).some((field) =>
    fields.has(field),
  );
  const [token, certificate, value] = [
    fields.get('accessToken'),
    fields.get('certificate'),
    fields.get('lwm2m'),
  ];
  const kinds = [token, certificate, value].filter((one) => one !== undefined).length + (basic ? 1 : 0);
  if (kinds > 1)
    return 'several kinds of credentials: use only one of access token, MQTT basic, certificate and LwM2M';
  if (token !== undefined) return { type: 'ACCESS_TOKEN', token };
  if (value !== undefined) return { type: 'LWM2M_CREDENTIALS', value };
  if (certificate !== undefined) {
    return problemOfCertificate(certificate) ?? { type: 'X509_CERTIFICATE', certificate };
  }
  return basic ? readMqttBasic(fields, options) : undefined;
}

function readMqttBasic(fields: DeviceFields, options: DeviceFileOptions): ImportedCredentials | string {
  const [clientId, userName] = [fields.get('clientId'), fields.get('userName')];
  const [password, hash] = [fields.get('password'), fields.get('passwordHash')];
  if (password !== undefined && hash !== undefined) return 'both a password and a password hash';
  if (clientId === undefined && userName === undefined) return 'a password without a user name';
  let secret: ImportedSecret | undefined;
  if (password !== undefined) secret = { kind: 'password', password };
  if (hash !== undefined) {
    const problem = problemOfHash(hash);
    if (problem !== undefined) return `passwordHash: ${problem}`;
    secret = { kind: 'hash', hash };
  }
  if (secret !== undefined && userName === undefined) {
    return 'a client id with a password needs a user name too, as in ThingsBoard';
  }
  if (secret === undefined && options.allowNoPassword !== true) {
    return 'no password: anyone who knows the user name or client id could connect';
  }
  return { type: 'MQTT_BASIC', clientId, userName, secret };
}

/** Fields that may contain line breaks. */
const MULTILINE: readonly DeviceField[] = ['certificate', 'lwm2m'];

export function problemOfText(field: DeviceField, text: string): string | undefined {
  if (/\p{Surrogate}/u.test(text)) return `${field} is not valid Unicode`;
  // ThingsBoard refuses control characters in credentials ids, client ids, user names and passwords.
  const checked = MULTILINE.includes(field) ? text.replaceAll(/\s/g, '') : text;
  if (hasControlCharacter(checked)) return `${field} contains control characters`;
  const isName = field === 'name' || field === 'profile';
  if ((isName || field === 'label') && text.length > LONGEST_NAME)
    return `${field} is longer than ${LONGEST_NAME} characters`;
  if (isName && !isDeviceName(text)) return `${field} is blank or contains control characters`;
  return undefined;
}

/** U+0000 to U+001F and U+007F. */
function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function problemOfCertificate(text: string): string | undefined {
  if (text.split('-----BEGIN ').length > 2)
    return 'certificate: there are several; use only the device’s own';
  const body = text.replaceAll(/-----(?:BEGIN|END) CERTIFICATE-----|\s/g, '');
  const good = body.length >= 64 && /^[A-Za-z0-9+/]+={0,2}$/.test(body);
  return good ? undefined : 'certificate: neither PEM nor the Base64 of a certificate';
}

function readBoolean(text: string | undefined): boolean | undefined | 'neither' {
  if (text === undefined) return undefined;
  const word = text.trim().toLowerCase();
  if (['true', 'yes', '1'].includes(word)) return true;
  return ['false', 'no', '0'].includes(word) ? false : 'neither';
}

const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * Reads a time in epoch milliseconds; a date alone is its first moment in UTC.
 * @returns NaN for any other text.
 */
function readTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return TIME.test(text) ? Date.parse(text) : Number.NaN;
}
