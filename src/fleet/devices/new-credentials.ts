import { formatCredentials } from '../../engine/credentials/stored/format.ts';
import { generate } from '../../engine/secrets/generate.ts';
import type { KeepPassword } from '../../engine/secrets/keep-password.ts';
import type { NewCredentials } from '../../model/device.ts';
import { ThingPassError } from '../../model/errors.ts';
import { hidePassword } from './stored-password.ts';

/** What somebody wants a device to prove itself with. */
export type CredentialsRequest =
  | { readonly kind: 'access_token'; readonly token?: string | undefined }
  | {
      readonly kind: 'mqtt_basic';
      readonly clientId?: string | undefined;
      readonly userName?: string | undefined;
      /** `undefined`: one is made; `null`: none, any password is accepted, as ThingsBoard has it. */
      readonly password?: string | null | undefined;
    }
  | { readonly kind: 'x509'; readonly certificate: string };

/** A secret to show to its owner this one time, if it was made; who gave it has it. */
export interface ShownSecret {
  readonly name: 'access token' | 'password';
  readonly value: string;
  readonly made: boolean;
}

/** Credentials to store, and the secret that goes with them. */
export interface MadeCredentials {
  readonly credentials: NewCredentials;
  readonly secret?: ShownSecret | undefined;
}

/**
 * Makes the parts that were not given, formats all as ThingsBoard does for saving (`engine/credentials/thingsboard.md` section 2), and
 * hides the password.
 * @throws {ThingPassError} `credentials_invalid` for what ThingsBoard would not save, and for an empty password.
 */
export async function makeCredentials(
  request: CredentialsRequest,
  keep: KeepPassword,
): Promise<MadeCredentials> {
  switch (request.kind) {
    case 'access_token': {
      const token = request.token ?? generate('access_token');
      return {
        credentials: formatted({
          credentialsType: 'ACCESS_TOKEN',
          credentialsId: token,
          credentialsValue: null,
        }),
        secret: { name: 'access token', value: token, made: request.token === undefined },
      };
    }
    case 'mqtt_basic': {
      refuseEmptyPassword(request.password);
      const made = request.password === undefined && request.userName !== undefined;
      const password = made ? generate('password') : (request.password ?? null);
      const value = { clientId: request.clientId ?? null, userName: request.userName ?? null, password };
      const credentials = formatted({
        credentialsType: 'MQTT_BASIC',
        credentialsId: '',
        credentialsValue: JSON.stringify(value),
      });
      return {
        credentials: await hidePassword(credentials, made, keep),
        secret: password === null ? undefined : { name: 'password', value: password, made },
      };
    }
    case 'x509':
      return {
        credentials: formatted({
          credentialsType: 'X509_CERTIFICATE',
          credentialsId: '',
          credentialsValue: request.certificate,
        }),
      };
  }
}

/** ThingsBoard takes an empty password for "any will do", which nobody should get by leaving a variable unset. */
export function refuseEmptyPassword(password: string | null | undefined): void {
  if (password === '')
    throw new ThingPassError(
      'credentials_invalid',
      'an empty password would let anyone in: ask for none instead',
    );
}

function formatted(credentials: NewCredentials): NewCredentials {
  const detail = formatCredentials(credentials);
  if (!detail.ok)
    throw new ThingPassError('credentials_invalid', `the credentials cannot be used: ${detail.error}`);
  const { credentialsId, credentialsValue } = detail;
  return { credentialsType: credentials.credentialsType, credentialsId, credentialsValue };
}
