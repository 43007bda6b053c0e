import type { CredentialsType } from '../../../model/device.ts';
import type { Permission, RuleAction } from '../../../model/topic-rules.ts';

/** A secret as a file has it: to be hashed by whoever stores it, or hashed already in a form that can verify. */
export type ImportedSecret =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'hash'; readonly hash: string };

/** Credentials as a file has them, before ThingsBoard's formatting (`credentials/thingsboard.md` section 2). */
export type ImportedCredentials =
  | { readonly type: 'ACCESS_TOKEN'; readonly token: string }
  | {
      readonly type: 'MQTT_BASIC';
      readonly clientId?: string | undefined;
      readonly userName?: string | undefined;
      /** Absent only where the reader was told that such credentials are wanted: they let anyone in. */
      readonly secret?: ImportedSecret | undefined;
    }
  /** PEM, or the Base64 of the DER. */
  | { readonly type: 'X509_CERTIFICATE'; readonly certificate: string }
  /** ThingsBoard's JSON text. */
  | { readonly type: 'LWM2M_CREDENTIALS'; readonly value: string }
  | StoredCredentials;

/** A row out of ThingsBoard's database, which is kept as it is, whatever today's rules for saving say. */
export interface StoredCredentials {
  readonly type: 'STORED';
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  readonly credentialsValue: string | null;
}

/** The rows that a device comes from in ThingsBoard's database. Ids are kept: topics and rules may name them. */
export interface DeviceOrigin {
  readonly id: string;
  readonly createdTime: number;
  readonly additionalInfo: string | null;
  readonly profile: ImportedProfile;
}

export interface ImportedProfile {
  readonly id: string;
  readonly name: string;
  readonly transportType: string | null;
  readonly provisionType: string | null;
  readonly provisionDeviceKey: string | null;
  /** The JSON value of `profile_data`. */
  readonly profileData: unknown;
}

export interface ImportedDevice {
  readonly kind: 'device';
  /** The line in the file, from 1, at which the record begins. */
  readonly line: number;
  readonly deviceName: string;
  readonly profileName?: string | undefined;
  readonly label?: string | undefined;
  readonly gateway?: boolean | undefined;
  /** Absent where the file names none: an access token is made then, as ThingsBoard does; none for one with an origin. */
  readonly credentials?: ImportedCredentials | undefined;
  /** Epoch milliseconds between which the credentials hold. */
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
  readonly origin?: DeviceOrigin | undefined;
  /** What the file says and ThingPass does not keep, one sentence each. */
  readonly warnings: readonly string[];
}

/** Whom an imported rule is for. */
export type RuleSubject =
  | { readonly kind: 'user'; readonly userName: string }
  | { readonly kind: 'everyone' }
  /** Clients without a user name, which ThingPass has no counterpart of. */
  | { readonly kind: 'anonymous' };

export interface ImportedRule {
  readonly kind: 'rule';
  readonly line: number;
  readonly subject: RuleSubject;
  readonly permission: Permission;
  readonly action: RuleAction;
  /** With ThingPass's placeholders. */
  readonly filter: string;
  /** The place in which the file's broker looks at it: lower ones first, equal ones in the file's order. */
  readonly rank: number;
  readonly warnings: readonly string[];
}

/** A line that cannot be used. The sentence names columns and rules, never a value: it may be a secret. */
export interface LineProblem {
  readonly kind: 'problem';
  readonly line: number;
  readonly error: string;
}

export type ImportItem = ImportedDevice | ImportedRule | LineProblem;

export function lineProblem(line: number, error: string): LineProblem {
  return { kind: 'problem', line, error };
}
