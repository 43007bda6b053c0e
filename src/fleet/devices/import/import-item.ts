import type { CredentialsType } from '../../../model/device.ts';
import type { Permission, RuleAction } from '../../../model/topic-rules.ts';

/** A secret in a file: plain, to be hashed when it is stored, or hashed in a form that can be verified. */
export type ImportedSecret =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'hash'; readonly hash: string };

/** Credentials in a file, before ThingsBoard's formatting (`engine/credentials/thingsboard.md` section 2). */
export type ImportedCredentials =
  | { readonly type: 'ACCESS_TOKEN'; readonly token: string }
  | {
      readonly type: 'MQTT_BASIC';
      readonly clientId?: string | undefined;
      readonly userName?: string | undefined;
      /** Absent only if the reader was told to accept such credentials, which admit anyone. */
      readonly secret?: ImportedSecret | undefined;
    }
  /** PEM, or Base64 of the DER. */
  | { readonly type: 'X509_CERTIFICATE'; readonly certificate: string }
  /** ThingsBoard's JSON text. */
  | { readonly type: 'LWM2M_CREDENTIALS'; readonly value: string }
  | StoredCredentials;

/** A row of ThingsBoard's database. It is kept unchanged, even if current rules would refuse to save it. */
export interface StoredCredentials {
  readonly type: 'STORED';
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  readonly credentialsValue: string | null;
}

/** The device's rows in ThingsBoard's database. Ids are kept, because topics and rules may contain them. */
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
  /** The line in which the record begins, from 1. */
  readonly line: number;
  readonly deviceName: string;
  readonly profileName?: string | undefined;
  readonly label?: string | undefined;
  readonly gateway?: boolean | undefined;
  /**
   * Absent if the file has none. Then an access token is created, as in ThingsBoard, except for a device with an
   * origin.
   */
  readonly credentials?: ImportedCredentials | undefined;
  /** Validity of the credentials in epoch milliseconds. */
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
  readonly origin?: DeviceOrigin | undefined;
  /** What ThingPass ignores in the record, one sentence each. */
  readonly warnings: readonly string[];
}

/** To whom an imported rule applies. */
export type RuleSubject =
  | { readonly kind: 'user'; readonly userName: string }
  | { readonly kind: 'everyone' }
  /** Clients without a user name, for which ThingPass has no rules. */
  | { readonly kind: 'anonymous' };

export interface ImportedRule {
  readonly kind: 'rule';
  readonly line: number;
  readonly subject: RuleSubject;
  readonly permission: Permission;
  readonly action: RuleAction;
  /** The filter, with ThingPass's placeholders. */
  readonly filter: string;
  /** The order in which the file's broker checks rules: lower ranks first, equal ranks in the file's order. */
  readonly rank: number;
  readonly warnings: readonly string[];
}

/** An unusable line. The sentence names columns and rules, but never a value, which may be a secret. */
export interface LineProblem {
  readonly kind: 'problem';
  readonly line: number;
  readonly error: string;
}

export type ImportItem = ImportedDevice | ImportedRule | LineProblem;

export function lineProblem(line: number, error: string): LineProblem {
  return { kind: 'problem', line, error };
}
