import { isThingPassError, ThingPassError } from '../../../model/errors.ts';
import { type JacksonValue, readJackson } from './jackson.ts';

const MODES = ['PSK', 'RPK', 'X509', 'NO_SEC'] as const;

type SecurityMode = (typeof MODES)[number];

/** A client or server entry: its security mode, and of its members those that the mode has. */
interface Lwm2mEntry<Name extends string> {
  readonly mode: SecurityMode;
  /** `null` both for null and for absent. */
  readonly members: Readonly<Record<Name, string | null>>;
}

export type Lwm2mClient = Lwm2mEntry<'endpoint' | 'identity' | 'key' | 'cert'>;
export type Lwm2mServer = Lwm2mEntry<'clientPublicKeyOrId' | 'clientSecretKey'>;

export interface Lwm2mBody {
  readonly client: Lwm2mClient | undefined;
  readonly bootstrap:
    | { readonly bootstrapServer: Lwm2mServer | undefined; readonly lwm2mServer: Lwm2mServer | undefined }
    | undefined;
}

const CLIENT_MEMBERS = {
  NO_SEC: ['endpoint'],
  PSK: ['endpoint', 'identity', 'key'],
  RPK: ['endpoint', 'key'],
  X509: ['endpoint', 'key', 'cert'],
} as const;

const KEYS = ['clientPublicKeyOrId', 'clientSecretKey'] as const;
const SERVER_MEMBERS = { NO_SEC: [], PSK: KEYS, RPK: KEYS, X509: KEYS } as const;

/**
 * Reads LwM2M credentials as Jackson does for ThingsBoard (`thingsboard.md` section 2): no unknown members at the top and
 * in `bootstrap`, any in the entries; an entry needs a known security mode; members are text, also where a number stands.
 * @returns `null` for JSON's null, `undefined` for what cannot be read.
 */
export function readLwm2mBody(json: string): Lwm2mBody | null | undefined {
  const value = readJackson(json);
  if (value === undefined || value === null) return value;
  try {
    const body = membersOf(value, ['client', 'bootstrap']);
    const bootstrap = body.get('bootstrap') ?? null;
    return {
      client: entry(body.get('client'), 'securityConfigClientMode', CLIENT_MEMBERS),
      bootstrap: bootstrap === null ? undefined : readBootstrap(bootstrap),
    };
  } catch (error) {
    if (isThingPassError(error, 'lwm2m_body_unreadable')) return undefined;
    throw error;
  }
}

function readBootstrap(value: JacksonValue): Lwm2mBody['bootstrap'] {
  const bootstrap = membersOf(value, ['bootstrapServer', 'lwm2mServer']);
  return {
    bootstrapServer: entry(bootstrap.get('bootstrapServer'), 'securityMode', SERVER_MEMBERS),
    lwm2mServer: entry(bootstrap.get('lwm2mServer'), 'securityMode', SERVER_MEMBERS),
  };
}

function entry<Name extends string>(
  value: JacksonValue | undefined,
  modeName: string,
  namesByMode: Readonly<Record<SecurityMode, readonly Name[]>>,
): Lwm2mEntry<Name> | undefined {
  if (value === undefined || value === null) return undefined;
  const all = membersOf(value);
  const mode = MODES.find((one) => one === all.get(modeName));
  if (mode === undefined) throw new ThingPassError('lwm2m_body_unreadable');
  const members: Record<string, string | null> = {};
  for (const name of namesByMode[mode]) members[name] = textOf(all.get(name));
  return { mode, members: members as Record<Name, string | null> };
}

/** @param names the only ones allowed; any where absent. */
function membersOf(value: JacksonValue, names?: readonly string[]): ReadonlyMap<string, JacksonValue> {
  if (!(value instanceof Map)) throw new ThingPassError('lwm2m_body_unreadable');
  const members: ReadonlyMap<string, JacksonValue> = value;
  if (names !== undefined && [...members.keys()].some((name) => !names.includes(name)))
    throw new ThingPassError('lwm2m_body_unreadable');
  return members;
}

function textOf(value: JacksonValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new ThingPassError('lwm2m_body_unreadable');
  return value;
}
