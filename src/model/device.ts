import type { ScramKeys } from './scram-keys.ts';

/** A device as management sees it, with its profile and the credentials it holds, the oldest first. */
export interface DeviceEntry {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly createdTime: number;
  readonly label?: string | undefined;
  readonly gateway: boolean;
  /** Grows with every change of the device or of its credentials. */
  readonly version: number;
  readonly profile: { readonly id: string; readonly name: string; readonly transportType: TransportType };
  readonly credentials: readonly CredentialsEntry[];
}

/** Between which times something holds. Epoch milliseconds; absent means no bound. */
export interface Window {
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
  /** It ends earlier than `notAfter` once this other one is used: a credentials row or a secret. */
  readonly endsOnFirstUseOf?: string | undefined;
}

export interface CredentialsEntry extends Window {
  readonly id: string;
  readonly createdTime: number;
  readonly credentialsId: string;
  readonly credentialsType: CredentialsType;
  readonly credentialsValue: string | null;
  /** Grows with every change of the credentials, their window or their secrets. */
  readonly version: number;
  /** The secrets that are stored apart from the value, the oldest first; their hashes stay in the database. */
  readonly secrets: readonly SecretEntry[];
  /** Of an X.509 credential's certificate, where that is known. */
  readonly certificateNotAfter?: number | undefined;
}

export interface SecretEntry extends Window {
  readonly id: string;
  readonly createdTime: number;
}

export interface NewCredentials {
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  readonly credentialsValue: string | null;
  /** Stored apart from the value, which then holds a marker in the place of the password. */
  readonly secrets?: readonly NewSecret[] | undefined;
  readonly window?: Window | undefined;
}

export interface NewSecret extends Window {
  /** In one of the formats of `secrets/formats.md`. */
  readonly hash: string;
  readonly scramKeys?: readonly ScramKeys[] | undefined;
  /** The SHA-256 of a hash that was imported, lower-case hex. */
  readonly importedAs?: string | undefined;
}

export interface NewDevice {
  readonly name: string;
  readonly profileName: string;
  readonly label?: string | undefined;
  readonly additionalInfo?: string | undefined;
  readonly credentials: NewCredentials;
}

export const CREDENTIALS_TYPES = [
  'ACCESS_TOKEN',
  'X509_CERTIFICATE',
  'MQTT_BASIC',
  'LWM2M_CREDENTIALS',
] as const;

export type CredentialsType = (typeof CREDENTIALS_TYPES)[number];

/** ThingsBoard's transport types of a device profile (`thingsboard.md` section 10). */
export const TRANSPORT_TYPES = ['DEFAULT', 'MQTT', 'COAP', 'LWM2M', 'SNMP'] as const;

export type TransportType = (typeof TRANSPORT_TYPES)[number];
