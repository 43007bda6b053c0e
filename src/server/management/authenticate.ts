import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKeyEntry, ApiKeys, Scope } from '../../fleet/devices/api-key.ts';
import type { Actor } from '../../model/audit.ts';
import { ThingPassError } from '../../model/errors.ts';

export interface Caller {
  readonly key: ApiKeyEntry;
  readonly actor: Actor;
}

/**
 * The key that a request brings: `Authorization: Bearer <key>`, or in ThingsBoard's `X-Authorization`, with `Bearer` or
 * `ApiKey`, as scripts for ThingsBoard send it.
 */
function keyIn(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-authorization'] ?? headers.authorization;
  if (typeof given !== 'string') return undefined;
  return /^(?:Bearer|ApiKey) +(\S+) *$/i.exec(given)?.[1] ?? '';
}

/**
 * Who calls.
 * @param origin the caller's address.
 * @throws {ThingPassError} `key_missing` or `key_invalid`.
 */
export async function authenticate(
  keys: ApiKeys,
  headers: IncomingHttpHeaders,
  origin: string,
): Promise<Caller> {
  const check = await keys.check(keyIn(headers));
  if (check.ok) return { key: check.key, actor: check.actor(origin) };
  throw new ThingPassError(check.why === 'missing' ? 'key_missing' : 'key_invalid');
}

/** @throws {ThingPassError} `scope_missing` when the key has none of the scopes; it names them. */
export function requireScope({ key }: Caller, scopes: readonly Scope[]): void {
  if (scopes.some((scope) => key.scopes.includes(scope))) return;
  const detail = `the key ${key.name} has the scope ${key.scopes.join(', ')}; this needs ${scopes.join(' or ')}`;
  throw new ThingPassError('scope_missing', detail, { scopes });
}
