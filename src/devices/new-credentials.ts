import { randomInt } from 'node:crypto';
import type { NewCredentials } from '../storage/device-entry.ts';

/** What somebody wants a device to prove itself with. */
export type CredentialsWish =
  | { readonly kind: 'access_token'; readonly token?: string | undefined }
  | {
      readonly kind: 'mqtt_basic';
      readonly clientId?: string | undefined;
      readonly userName?: string | undefined;
      /** `undefined`: one is made; `null`: none, any password is accepted, as ThingsBoard has it. */
      readonly password?: string | null | undefined;
    }
  | { readonly kind: 'x509'; readonly certificate: string };

/** Credentials to store, and the secret to show to their owner once, if one was made. */
export interface MadeCredentials {
  readonly credentials: NewCredentials;
  readonly secret?: {
    readonly name: 'access token' | 'password';
    readonly value: string;
    readonly made: boolean;
  };
}

/** Length of the tokens that ThingsBoard makes (`credentials/thingsboard.md` section 2). */
const TOKEN_LENGTH = 20;
const PASSWORD_LENGTH = 32;
const ALPHANUMERICS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Letters and digits, each from the system's own randomness: 20 of them are 119 bits. */
export function randomAlphanumerics(length: number): string {
  return Array.from({ length }, () => ALPHANUMERICS[randomInt(ALPHANUMERICS.length)]).join('');
}

/** Makes the parts that were not given; the result still has to pass ThingsBoard's rules for saving. */
export function makeCredentials(wish: CredentialsWish): MadeCredentials {
  switch (wish.kind) {
    case 'access_token': {
      const token = wish.token ?? randomAlphanumerics(TOKEN_LENGTH);
      return {
        credentials: { credentialsType: 'ACCESS_TOKEN', credentialsId: token, credentialsValue: null },
        secret: { name: 'access token', value: token, made: wish.token === undefined },
      };
    }
    case 'mqtt_basic': {
      const made = wish.password === undefined && wish.userName !== undefined;
      const password = made ? randomAlphanumerics(PASSWORD_LENGTH) : (wish.password ?? null);
      const value = { clientId: wish.clientId ?? null, userName: wish.userName ?? null, password };
      return {
        credentials: {
          credentialsType: 'MQTT_BASIC',
          credentialsId: '',
          credentialsValue: JSON.stringify(value),
        },
        ...(password === null ? {} : { secret: { name: 'password', value: password, made } }),
      };
    }
    case 'x509':
      return {
        credentials: {
          credentialsType: 'X509_CERTIFICATE',
          credentialsId: '',
          credentialsValue: wish.certificate,
        },
      };
  }
}
