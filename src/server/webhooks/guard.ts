import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The header in which a broker that can send headers proves itself. */
export const SECRET_HEADER = 'x-thingpass-secret';

/** Says whether a caller proved that it is the broker: by header, by Basic password, or by a path segment. */
export type Guard = (headers: IncomingHttpHeaders, pathSecret: string | undefined) => boolean;

/**
 * The guard for a broker's endpoints. `Authorization: Bearer` is never looked at: a client's own token may stand there
 * (`mosquitto.md` section 9).
 * @param secrets any one of them proves the caller; with none everybody passes, which only a server that listens on
 * loopback may have.
 * @param authorizationIsClients `Authorization` belongs to the client whom a proxy asks about, and proves nothing here.
 */
export function createGuard(secrets: readonly string[], authorizationIsClients = false): Guard {
  if (secrets.length === 0) return () => true;
  const expected = secrets.map((secret) => Buffer.from(secret, 'utf8'));
  const proves = (given: string): boolean => {
    const candidate = Buffer.from(given, 'utf8');
    // The length of a secret may show; its text may not, nor which of several secrets nearly fitted.
    return expected.reduce(
      (found, secret) => (secret.length === candidate.length && timingSafeEqual(secret, candidate)) || found,
      false,
    );
  };
  return (headers, pathSecret) => {
    const header = headers[SECRET_HEADER];
    if (typeof header === 'string') return proves(header);
    if (pathSecret !== undefined) return proves(pathSecret);
    const password = authorizationIsClients ? undefined : basicPassword(headers.authorization);
    return password !== undefined && proves(password);
  };
}

function basicPassword(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^basic /i.test(authorization)) return undefined;
  const userAndPassword = Buffer.from(authorization.slice('basic '.length), 'base64').toString('utf8');
  const colon = userAndPassword.indexOf(':');
  return colon === -1 ? undefined : userAndPassword.slice(colon + 1);
}
