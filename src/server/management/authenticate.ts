import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKeyEntry, ApiKeys, Scope } from '../../fleet/devices/api-key.ts';
import type { Actor } from '../../model/audit.ts';
import { ApiProblem } from './problem.ts';

export interface Caller {
  readonly key: ApiKeyEntry;
  readonly actor: Actor;
}

/**
 * The key that a request brings: `Authorization: Bearer <key>`, or in ThingsBoard's `X-Authorization`, with `Bearer` or
 * `ApiKey`, as scripts for ThingsBoard send it.
 */
export function keyIn(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-authorization'] ?? headers.authorization;
  if (typeof given !== 'string') return undefined;
  return /^(?:Bearer|ApiKey) +(\S+) *$/i.exec(given)?.[1] ?? '';
}

/**
 * Who calls.
 * @param origin the caller's address.
 * @throws {ApiProblem} `key_missing` or `key_invalid`, with the challenge of RFC 6750 section 3.
 */
export async function authenticate(
  keys: ApiKeys,
  headers: IncomingHttpHeaders,
  origin: string,
): Promise<Caller> {
  const check = await keys.check(keyIn(headers));
  if (check.ok) return { key: check.key, actor: check.actor(origin) };
  const missing = check.why === 'missing';
  throw new ApiProblem(
    missing ? 'key_missing' : 'key_invalid',
    undefined,
    {},
    {
      'www-authenticate': missing
        ? 'Bearer realm="thingpass"'
        : 'Bearer realm="thingpass", error="invalid_token"',
    },
  );
}

/** @throws {ApiProblem} `scope_missing` when the key has none of the scopes; it names them. */
export function requireScope({ key }: Caller, scopes: readonly Scope[]): void {
  if (scopes.some((scope) => key.scopes.includes(scope))) return;
  const detail = `the key ${key.name} has the scope ${key.scopes.join(', ')}; this needs ${scopes.join(' or ')}`;
  throw new ApiProblem(
    'scope_missing',
    detail,
    { scopes },
    {
      'www-authenticate': `Bearer realm="thingpass", error="insufficient_scope", scope="${scopes.join(' ')}"`,
    },
  );
}
