import type { CredentialsType, TransportType } from '../credentials/record.ts';

/** A device as management sees it, with its profile and the credentials it holds. */
export interface DeviceEntry {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly createdTime: number;
  readonly label?: string | undefined;
  readonly gateway: boolean;
  readonly profile: { readonly id: string; readonly name: string; readonly transportType: TransportType };
  readonly credentials: readonly CredentialsEntry[];
}

export interface CredentialsEntry {
  readonly id: string;
  readonly createdTime: number;
  readonly credentialsId: string;
  readonly credentialsType: CredentialsType;
  readonly credentialsValue: string | null;
  readonly version: number;
}

export interface NewCredentials {
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  readonly credentialsValue: string | null;
}

export interface NewDevice {
  readonly name: string;
  readonly profileName: string;
  readonly label?: string | undefined;
  readonly additionalInfo?: string | undefined;
  readonly credentials: NewCredentials;
}
