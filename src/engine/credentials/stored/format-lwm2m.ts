import { isBlank } from '../connack.ts';
import { sha3, trim } from './hash.ts';
import { writeJackson } from './jackson.ts';
import { type Lwm2mClient, type Lwm2mServer, readLwm2mBody } from './lwm2m-body.ts';
import {
  decodeBase64,
  isEcCertificate,
  isEcPrivateKey,
  isEcPublicKey,
  withoutPrivateKeyArmour,
  withoutPublicKeyArmour,
} from './lwm2m-keys.ts';

type PskFault = 'IDENTITY_BLANK' | 'IDENTITY_RESERVED' | 'KEY_BLANK' | 'KEY_NOT_HEX' | 'KEY_LENGTH';
type KeyPairFault = 'PUBLIC_BLANK' | 'PUBLIC_INVALID' | 'SECRET_BLANK' | 'SECRET_INVALID';
type ServerFault = `PSK_${PskFault}` | `RPK_${KeyPairFault}` | `X509_${KeyPairFault}`;

export type Lwm2mError =
  | 'LWM2M_BODY_NULL'
  | 'LWM2M_BODY_INVALID'
  | 'LWM2M_CLIENT_MISSING'
  | 'LWM2M_ENDPOINT_BLANK'
  | `LWM2M_CLIENT_PSK_${PskFault}`
  | 'LWM2M_CLIENT_RPK_KEY_BLANK'
  | 'LWM2M_CLIENT_RPK_KEY_INVALID'
  | 'LWM2M_CLIENT_X509_INVALID'
  | 'LWM2M_BOOTSTRAP_MISSING'
  | 'LWM2M_BOOTSTRAP_SERVER_MISSING'
  | 'LWM2M_SERVER_MISSING'
  | `LWM2M_BOOTSTRAP_SERVER_${ServerFault}`
  | `LWM2M_LWM2M_SERVER_${ServerFault}`;

type Formatted =
  | { readonly ok: true; readonly credentialsId: string; readonly credentialsValue: string }
  | { readonly ok: false; readonly error: Lwm2mError };

/**
 * LwM2M credentials as ThingsBoard saves them, or the first fault in its order: client, bootstrap server, LwM2M server
 * (`thingsboard.md` section 2). PSK credentials are kept as given, all others are written anew.
 */
export function formatLwm2m(value: string | null): Formatted {
  const body = value === null ? null : readLwm2mBody(value);
  if (body === undefined) return refuse('LWM2M_BODY_INVALID');
  if (value === null || body === null) return refuse('LWM2M_BODY_NULL');
  const { client, bootstrap } = body;
  if (client === undefined) return refuse('LWM2M_CLIENT_MISSING');
  const clientFault = checkClient(client);
  if (clientFault !== undefined) return refuse(clientFault);
  if (bootstrap === undefined) return refuse('LWM2M_BOOTSTRAP_MISSING');
  const { bootstrapServer, lwm2mServer } = bootstrap;
  if (bootstrapServer === undefined) return refuse('LWM2M_BOOTSTRAP_SERVER_MISSING');
  const bootstrapFault = checkServer(bootstrapServer);
  if (bootstrapFault !== undefined) return refuse(`LWM2M_BOOTSTRAP_SERVER_${bootstrapFault}`);
  if (lwm2mServer === undefined) return refuse('LWM2M_SERVER_MISSING');
  const serverFault = checkServer(lwm2mServer);
  if (serverFault !== undefined) return refuse(`LWM2M_LWM2M_SERVER_${serverFault}`);

  const rewritten = {
    client: rewriteClient(client),
    bootstrap: { bootstrapServer: rewriteServer(bootstrapServer), lwm2mServer: rewriteServer(lwm2mServer) },
  };
  return {
    ok: true,
    credentialsId: credentialsIdOf(client),
    credentialsValue: client.mode === 'PSK' ? value : writeJackson(rewritten),
  };
}

function credentialsIdOf({ mode, members }: Lwm2mClient): string {
  if (mode === 'PSK') return members.identity ?? '';
  // Hashing trims what was trimmed before: once more matters for armour that a line break had cut (section 3).
  const certificate = trim(members.cert ?? '');
  return mode === 'X509' && !isBlank(certificate) ? sha3(certificate) : (members.endpoint ?? '');
}

/** Blank is looked for before armour is taken off, so that armour around nothing is an invalid key, not a missing one. */
function checkClient({ mode, members }: Lwm2mClient): Lwm2mError | undefined {
  if (isBlank(members.endpoint ?? '')) return 'LWM2M_ENDPOINT_BLANK';
  const key = members.key ?? '';
  switch (mode) {
    case 'NO_SEC':
      return undefined;
    case 'PSK': {
      const fault = checkPsk(members.identity ?? '', key);
      return fault && `LWM2M_CLIENT_PSK_${fault}`;
    }
    case 'RPK':
      if (isBlank(key)) return 'LWM2M_CLIENT_RPK_KEY_BLANK';
      return isEcPublicKey(withoutPublicKeyArmour(key)) ? undefined : 'LWM2M_CLIENT_RPK_KEY_INVALID';
    case 'X509':
      if (!members.cert) return undefined;
      return isEcCertificate(trim(members.cert)) ? undefined : 'LWM2M_CLIENT_X509_INVALID';
  }
}

function checkServer({ mode, members }: Lwm2mServer): ServerFault | undefined {
  const publicPart = members.clientPublicKeyOrId ?? '';
  const secret = members.clientSecretKey ?? '';
  switch (mode) {
    case 'NO_SEC':
      return undefined;
    case 'PSK': {
      const fault = checkPsk(publicPart, secret);
      return fault && `PSK_${fault}`;
    }
    case 'RPK':
      if (publicPart === '') return 'RPK_PUBLIC_BLANK';
      if (!isEcPublicKey(withoutPublicKeyArmour(publicPart))) return 'RPK_PUBLIC_INVALID';
      if (secret === '') return 'RPK_SECRET_BLANK';
      return isEcPrivateKey(withoutPrivateKeyArmour(secret)) ? undefined : 'RPK_SECRET_INVALID';
    case 'X509':
      if (isBlank(publicPart)) return 'X509_PUBLIC_BLANK';
      if (!isEcCertificate(trim(publicPart))) return 'X509_PUBLIC_INVALID';
      if (isBlank(secret)) return 'X509_SECRET_BLANK';
      return isEcPrivateKey(withoutPrivateKeyArmour(secret)) ? undefined : 'X509_SECRET_INVALID';
  }
}

/** 32, 64 or 128 hexadecimal digits by ThingsBoard's message; in truth any multiple of 32 up to 128. */
function checkPsk(identity: string, key: string): PskFault | undefined {
  if (isBlank(identity)) return 'IDENTITY_BLANK';
  if (identity === 'NO_SEC') return 'IDENTITY_RESERVED';
  if (isBlank(key)) return 'KEY_BLANK';
  if (!/^-?[0-9a-fA-F]+$/.test(key)) return 'KEY_NOT_HEX';
  return key.length % 32 !== 0 || key.length > 128 ? 'KEY_LENGTH' : undefined;
}

function rewriteClient({ mode: securityConfigClientMode, members }: Lwm2mClient): object {
  const { endpoint, key } = members;
  switch (securityConfigClientMode) {
    case 'RPK': {
      const bare = withoutPublicKeyArmour(key ?? '');
      return { securityConfigClientMode, endpoint, key: bare, decoded: reencode(bare) };
    }
    case 'X509': {
      const cert = members.cert === null ? null : trim(members.cert);
      return {
        securityConfigClientMode,
        endpoint,
        key,
        cert,
        decoded: cert === null ? null : reencode(cert),
      };
    }
    default:
      return { securityConfigClientMode, endpoint };
  }
}

function rewriteServer({ mode: securityMode, members }: Lwm2mServer): object {
  const { clientPublicKeyOrId, clientSecretKey } = members;
  switch (securityMode) {
    case 'NO_SEC':
      return { securityMode };
    case 'PSK':
      return { securityMode, clientPublicKeyOrId, clientSecretKey };
    default: {
      const publicPart = clientPublicKeyOrId ?? '';
      return {
        securityMode,
        clientPublicKeyOrId: securityMode === 'RPK' ? withoutPublicKeyArmour(publicPart) : trim(publicPart),
        clientSecretKey: withoutPrivateKeyArmour(clientSecretKey ?? ''),
      };
    }
  }
}

/** ThingsBoard's getter for the decoded key is written too, as Base64. */
function reencode(base64: string): string {
  return decodeBase64(base64).toString('base64');
}

function refuse(error: Lwm2mError): Formatted {
  return { ok: false, error };
}
