import { CallFailed } from '../../util/outgoing-call.ts';
import { endEach, jsonOf, MOST_SESSIONS, membersOf, refusal, rowsOf } from './answers.ts';
import type { AskBroker, EndSessions, SessionEnd } from './session-end.ts';

/** Kept answers, from 5.9 on (`../emqx.md` section 2.3); with them the client would come back at once. */
const CACHES = ['/authentication/node_cache/reset', '/authorization/node_cache/reset'];

/**
 * EMQX 5 and 6 (`../emqx.md` section 8): forgets what it kept of our answers, then kicks the clients, which also ends their
 * per-client caches and stored sessions.
 */
export const endAtEmqx: EndSessions = async (names, ask) => {
  const kept = await resetCaches(ask);
  const found = new Map<string, string | undefined>(
    names.clientIds.map(({ clientId, username }) => [clientId, username]),
  );
  for (const username of names.usernames)
    for (const clientId of await clientsOf(username, ask)) found.set(clientId, undefined);
  const sessions = [...found].map(([clientId, username]) => ({ clientId, username }));
  const ends = await endEach('emqx', sessions, async ({ clientId, username }) => {
    const path = `/clients/${encodeURIComponent(clientId)}`;
    if (username !== undefined && !(await isUnder(username, path, ask))) return false;
    const { status } = await ask({ method: 'DELETE', path });
    if (status === 204 || status === 200) return true;
    if (status === 404) return false;
    throw new CallFailed(refusal(status));
  });
  return [...kept, ...ends];
};

async function resetCaches(ask: AskBroker): Promise<SessionEnd[]> {
  for (const path of CACHES) {
    try {
      const { status } = await ask({ method: 'POST', path });
      // Before 5.9 there is no such cache.
      if (status >= 300 && status !== 404) throw new CallFailed(refusal(status));
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      const detail = `what it keeps of earlier answers was not reset: ${error.message}`;
      return [{ broker: 'emqx', result: 'failed', detail }];
    }
  }
  return [];
}

async function clientsOf(username: string, ask: AskBroker): Promise<string[]> {
  const query = new URLSearchParams({ username, limit: String(MOST_SESSIONS) });
  const { data } = membersOf(jsonOf(await ask({ method: 'GET', path: `/clients?${query}` })));
  return rowsOf(data).flatMap(({ clientid }) => (typeof clientid === 'string' ? [clientid] : []));
}

async function isUnder(username: string, path: string, ask: AskBroker): Promise<boolean> {
  const answer = await ask({ method: 'GET', path });
  return answer.status !== 404 && membersOf(jsonOf(answer)).username === username;
}
