import { type Static, Type } from 'typebox';
import type { CredentialsRequest, MadeCredentials } from '../../../fleet/devices/new-credentials.ts';
import { named, object, oneOf } from '../schemas.ts';

const TEXT = { minLength: 1, maxLength: 4_096 };

/** What a device shall prove itself with. */
export const CREDENTIALS_WISH = named(
  'CredentialsWish',
  Type.Union([
    object(
      {
        kind: Type.Literal('access_token'),
        token: Type.Optional(Type.String({ ...TEXT, maxLength: 255, description: 'Made when absent.' })),
      },
      'An access token, sent as the user name.',
    ),
    object(
      {
        kind: Type.Literal('mqtt_basic'),
        clientId: Type.Optional(Type.String(TEXT)),
        userName: Type.Optional(Type.String(TEXT)),
        password: Type.Optional(
          Type.Union([Type.String(TEXT), Type.Null()], {
            description: 'Made when absent; null: any password is accepted.',
          }),
        ),
      },
      'A client id, a user name or both, with a password where there is a user name.',
    ),
    object(
      {
        kind: Type.Literal('x509'),
        certificate: Type.String({
          minLength: 1,
          maxLength: 65_536,
          description: 'PEM, or Base64 of the DER.',
        }),
      },
      'The device’s own certificate.',
    ),
  ]),
);

export function toRequest(request: Static<typeof CREDENTIALS_WISH>): CredentialsRequest {
  return request;
}

/** A secret that was made. */
export const SECRET = named(
  'Secret',
  object({
    name: oneOf(['access token', 'password']),
    value: Type.String({ description: 'Shown this one time.' }),
  }),
);

/** Only what was made is shown: who gave a secret has it. */
export function toSecret(secret: MadeCredentials['secret']): { secret?: Static<typeof SECRET> } {
  return secret?.made ? { secret: { name: secret.name, value: secret.value } } : {};
}
