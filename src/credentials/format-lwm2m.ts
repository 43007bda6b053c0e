import { isBlank } from './connack.ts';
import { sha3, trim } from './hash.ts';
import { isEcCertificate, isEcPrivateKey, isEcPublicKey } from './lwm2m-keys.ts';

type PskFault = 'IDENTITY_BLANK' | 'IDENTITY_RESERVED' | 'KEY_BLANK' | 'KEY_NOT_HEX' | 'KEY_LENGTH';
type KeyPairFault = 'PUBLIC_BLANK' | 'PUBLIC_INVALID' | 'SECRET_BLANK' | 'SECRET_INVALID';
type BootstrapFault = `PSK_${PskFault}` | `RPK_${KeyPairFault}` | `X509_${KeyPairFault}`;

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
  | `LWM2M_BOOTSTRAP_SERVER_${BootstrapFault}`
  | `LWM2M_LWM2M_SERVER_${BootstrapFault}`;

type Formatted =
  | { readonly ok: true; readonly credentialsId: string; readonly credentialsValue: string }
  | { readonly ok: false; readonly error: Lwm2mError };

type Members = Record<string, unknown>;

const MODES = ['PSK', 'RPK', 'X509', 'NO_SEC'];

/** LwM2M credentials as ThingsBoard saves them, or the first fault in its order (`thingsboard.md` section 2). */
export function formatLwm2m(value: string | null): Formatted {
  if (value === null) return refuse('LWM2M_BODY_NULL');
  const body = parse(value);
  if (body === undefined) return refuse('LWM2M_BODY_INVALID');
  const { client, bootstrap } = body;
  if (client === undefined) return refuse('LWM2M_CLIENT_MISSING');
  const clientFault = checkClient(client);
  if (clientFault !== undefined) return refuse(clientFault);
  if (bootstrap === undefined) return refuse('LWM2M_BOOTSTRAP_MISSING');
  const { bootstrapServer, lwm2mServer } = bootstrap;
  if (!isMembers(bootstrapServer)) return refuse('LWM2M_BOOTSTRAP_SERVER_MISSING');
  if (!isMembers(lwm2mServer)) return refuse('LWM2M_SERVER_MISSING');
  const serverFault = checkBootstrap(bootstrapServer);
  if (serverFault !== undefined) return refuse(`LWM2M_BOOTSTRAP_SERVER_${serverFault}`);
  const lwm2mFault = checkBootstrap(lwm2mServer);
  if (lwm2mFault !== undefined) return refuse(`LWM2M_LWM2M_SERVER_${lwm2mFault}`);

  const mode = client.securityConfigClientMode;
  return {
    ok: true,
    credentialsId: credentialsIdOf(client),
    credentialsValue:
      mode === 'PSK'
        ? value
        : JSON.stringify({
            client: rewriteClient(client),
            bootstrap: {
              bootstrapServer: rewriteBootstrap(bootstrapServer),
              lwm2mServer: rewriteBootstrap(lwm2mServer),
            },
          }),
  };
}

/** The two top-level members; an entry without a known security mode cannot be read at all, other unknown members can. */
function parse(value: string): { client?: Members; bootstrap?: Members } | undefined {
  let body: unknown;
  try {
    body = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (!isMembers(body)) return undefined;
  if (Object.keys(body).some((name) => name !== 'client' && name !== 'bootstrap')) return undefined;
  const { client, bootstrap } = body;
  if (isMembers(client) && !MODES.includes(text(client.securityConfigClientMode))) return undefined;
  if (isMembers(bootstrap)) {
    for (const server of [bootstrap.bootstrapServer, bootstrap.lwm2mServer]) {
      if (isMembers(server) && !MODES.includes(text(server.securityMode))) return undefined;
    }
  }
  return { ...(isMembers(client) ? { client } : {}), ...(isMembers(bootstrap) ? { bootstrap } : {}) };
}

function credentialsIdOf(client: Members): string {
  const cert = text(client.cert);
  if (client.securityConfigClientMode === 'PSK') return text(client.identity);
  if (client.securityConfigClientMode === 'X509' && !isBlank(cert)) return sha3(cert);
  return text(client.endpoint);
}

function checkClient(client: Members): Lwm2mError | undefined {
  if (isBlank(text(client.endpoint))) return 'LWM2M_ENDPOINT_BLANK';
  switch (client.securityConfigClientMode) {
    case 'PSK': {
      const fault = checkPsk(text(client.identity), text(client.key));
      return fault && `LWM2M_CLIENT_PSK_${fault}`;
    }
    case 'RPK': {
      const key = withoutArmour(text(client.key));
      if (isBlank(key)) return 'LWM2M_CLIENT_RPK_KEY_BLANK';
      return isEcPublicKey(key) ? undefined : 'LWM2M_CLIENT_RPK_KEY_INVALID';
    }
    case 'X509': {
      const cert = trim(text(client.cert));
      return cert === '' || isEcCertificate(cert) ? undefined : 'LWM2M_CLIENT_X509_INVALID';
    }
    default:
      return undefined;
  }
}

function checkBootstrap(server: Members): BootstrapFault | undefined {
  const id = text(server.clientPublicKeyOrId);
  const secret = text(server.clientSecretKey);
  switch (server.securityMode) {
    case 'PSK': {
      const fault = checkPsk(id, secret);
      return fault && `PSK_${fault}`;
    }
    case 'RPK': {
      const fault = checkKeyPair(withoutArmour(id), secret, isEcPublicKey);
      return fault && `RPK_${fault}`;
    }
    case 'X509': {
      const fault = checkKeyPair(trim(id), secret, isEcCertificate);
      return fault && `X509_${fault}`;
    }
    default:
      return undefined;
  }
}

/** 32, 64 or 128 hexadecimal digits by ThingsBoard's message; in truth any multiple of 32 up to 128. */
function checkPsk(identity: string, key: string): PskFault | undefined {
  if (isBlank(identity)) return 'IDENTITY_BLANK';
  if (identity === 'NO_SEC') return 'IDENTITY_RESERVED';
  if (isBlank(key)) return 'KEY_BLANK';
  if (!/^-?[0-9a-f]+$/i.test(key)) return 'KEY_NOT_HEX';
  return key.length % 32 !== 0 || key.length > 128 ? 'KEY_LENGTH' : undefined;
}

function checkKeyPair(
  publicPart: string,
  secret: string,
  isPublicPart: (base64: string) => boolean,
): KeyPairFault | undefined {
  if (isBlank(publicPart)) return 'PUBLIC_BLANK';
  if (!isPublicPart(publicPart)) return 'PUBLIC_INVALID';
  if (isBlank(secret)) return 'SECRET_BLANK';
  return isEcPrivateKey(secret) ? undefined : 'SECRET_INVALID';
}

function rewriteClient(client: Members): Members {
  const { securityConfigClientMode, endpoint } = client;
  switch (securityConfigClientMode) {
    case 'RPK': {
      const key = withoutArmour(text(client.key));
      return { securityConfigClientMode, endpoint, key, decoded: reencode(key) };
    }
    case 'X509': {
      const cert = trim(text(client.cert));
      return { securityConfigClientMode, endpoint, key: null, cert, decoded: reencode(cert) };
    }
    default:
      return { securityConfigClientMode, endpoint };
  }
}

function rewriteBootstrap(server: Members): Members {
  const { securityMode, clientPublicKeyOrId, clientSecretKey } = server;
  if (securityMode === 'NO_SEC') return { securityMode };
  const id = text(clientPublicKeyOrId);
  if (securityMode === 'PSK') return { securityMode, clientPublicKeyOrId, clientSecretKey };
  return {
    securityMode,
    clientPublicKeyOrId: securityMode === 'RPK' ? withoutArmour(id) : trim(id),
    clientSecretKey,
  };
}

function withoutArmour(key: string): string {
  return key.replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, '').replace(/[\r\n]/g, '');
}

function reencode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('base64');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(error: Lwm2mError): Formatted {
  return { ok: false, error };
}
