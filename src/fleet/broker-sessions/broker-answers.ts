import { isThingPassError, ThingPassError } from '../../model/errors.ts';
import type { CallAnswer } from '../../util/outgoing-call.ts';
import type { SessionBroker, SessionEnd } from './session-end.ts';

/** Limit of sessions ended for one device; the result reports how many remain. */
export const MAX_SESSIONS = 50;

/**
 * Parses a JSON answer.
 * @throws {ThingPassError} `call_failed` for any status but 200, and for invalid JSON.
 */
export function readJson({ status, body }: CallAnswer): unknown {
  if (status !== 200) throw new ThingPassError('call_failed', statusMessage(status));
  try {
    return JSON.parse(body);
  } catch {
    throw new ThingPassError('call_failed', 'the broker’s answer is not JSON');
  }
}

export function statusMessage(status: number): string {
  if (status === 401 || status === 403) return `the broker refused the API key (${status})`;
  return `the broker answered ${status}`;
}

/** The members of an object in a broker's answer; empty for other values. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function rowsOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}

/**
 * Ends sessions one after the other, to keep the load on the broker low. A failure does not keep the others from
 * ending.
 * @param end returns whether the session existed.
 * @throws nothing but programming errors: failed calls become results.
 */
export async function endEach<Session extends { readonly clientId: string | undefined }>(
  broker: SessionBroker,
  sessions: readonly Session[],
  end: (session: Session) => Promise<boolean>,
): Promise<SessionEnd[]> {
  const ends: SessionEnd[] = [];
  for (const session of sessions.slice(0, MAX_SESSIONS)) {
    const { clientId } = session;
    try {
      ends.push({ broker, clientId, result: (await end(session)) ? 'ended' : 'not_connected' });
    } catch (error) {
      if (!isThingPassError(error, 'call_failed')) throw error;
      ends.push({ broker, clientId, result: 'failed', detail: error.message });
    }
  }
  const remaining = sessions.length - ends.length;
  if (remaining > 0) ends.push({ broker, result: 'failed', detail: `${remaining} more sessions remain` });
  return ends;
}
