import { type CallAnswer, CallFailed } from '../../util/outgoing-call.ts';
import type { EndingBroker, SessionEnd } from './session-end.ts';

/** So many sessions of one device are ended; who has more is told so. */
export const MOST_SESSIONS = 50;

/** @throws {CallFailed} for any answer but 200 with JSON. */
export function jsonOf({ status, body }: CallAnswer): unknown {
  if (status !== 200) throw new CallFailed(refusal(status));
  try {
    return JSON.parse(body);
  } catch {
    throw new CallFailed('the broker’s answer is no JSON');
  }
}

export function refusal(status: number): string {
  if (status === 401 || status === 403) return `the broker refuses the API key (${status})`;
  return `the broker answers ${status}`;
}

/** Members of an object that a broker sent; none of anything else. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function rowsOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}

/**
 * Ends one after the other, so that a broker is not asked much at once; what fails does not keep the others from ending.
 * @param end returns whether there was such a session.
 */
export async function endEach<Session extends { readonly clientId: string | undefined }>(
  broker: EndingBroker,
  sessions: readonly Session[],
  end: (session: Session) => Promise<boolean>,
): Promise<SessionEnd[]> {
  const ends: SessionEnd[] = [];
  for (const session of sessions.slice(0, MOST_SESSIONS)) {
    const { clientId } = session;
    try {
      ends.push({ broker, clientId, result: (await end(session)) ? 'ended' : 'not_connected' });
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      ends.push({ broker, clientId, result: 'failed', detail: error.message });
    }
  }
  const left = sessions.length - ends.length;
  if (left > 0) ends.push({ broker, result: 'failed', detail: `${left} more sessions are left` });
  return ends;
}
