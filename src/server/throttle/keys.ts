import { isIPv4, isIPv6 } from 'node:net';
import type { ThrottleKind } from '../../config/throttle-settings.ts';
import type { ConnectAttempt } from '../../model/question.ts';
import { nameSecret } from '../logging/decision-log.ts';

/** What a count is kept under: the kind, a blank, and what is shown of it. Never a secret. */
export type ThrottleKey = string;

/** MQTT lets a client id have 64 KiB, and an attacker can send many. */
const LONGEST_SHOWN = 128;

/**
 * Under what a login of this client is counted: the address where it is one to believe, the client id, and what it names itself by
 * (token or user name), which is its credentials id or leads to it, and is shown as the short hash that the log has.
 * @param address as {@link throttledAddress} gives it; `undefined` where none is to be believed.
 */
export function keysOf(
  { clientId, username }: Pick<ConnectAttempt, 'clientId' | 'username'>,
  address: string | undefined,
  kinds: ReadonlySet<ThrottleKind>,
): ThrottleKey[] {
  const keys: ThrottleKey[] = [];
  if (address !== undefined && kinds.has('address')) keys.push(keyOf('address', address));
  if (clientId !== '' && kinds.has('client_id')) keys.push(keyOf('client_id', shownClientId(clientId)));
  const credentials = kinds.has('credentials_id') ? nameSecret(username) : undefined;
  if (credentials !== undefined) keys.push(keyOf('credentials_id', credentials));
  return keys;
}

function keyOf(kind: ThrottleKind, shown: string): ThrottleKey {
  return `${kind} ${shown}`;
}

export function partsOf(key: ThrottleKey): { readonly by: ThrottleKind; readonly value: string } {
  const blank = key.indexOf(' ');
  return { by: key.slice(0, blank) as ThrottleKind, value: key.slice(blank + 1) };
}

function shownClientId(clientId: string): string {
  return clientId.length <= LONGEST_SHOWN ? clientId : (nameSecret(clientId) as string);
}

/**
 * An address as it is counted: IPv4 as it is, also where it comes mapped into IPv6; of IPv6 the first 64 bits, which is what one
 * subscriber has (RFC 6177), as a network. `undefined` for what is no address.
 */
export function throttledAddress(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (isIPv4(text)) return text;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  if (mapped !== undefined) return isIPv4(mapped) ? mapped : undefined;
  if (!isIPv6(text)) return undefined;
  const [head = '', tail] = (text.split('%')[0] as string).split('::') as [string, string?];
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  // An IPv4 address at the end takes the place of two groups.
  const written = before.length + after.length + (text.includes('.') ? 1 : 0);
  const groups = [...before, ...Array<string>(Math.max(0, 8 - written)).fill('0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
