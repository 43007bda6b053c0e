import { isThingPassError, ThingPassError } from '../../model/errors.ts';
import { endEach, MAX_SESSIONS, membersOf, readJson, rowsOf, statusMessage } from './broker-answers.ts';
import type { CallBroker, EndSessions, SessionEnd } from './session-end.ts';

/** The caches of answers, since 5.9 (`brokers/emqx/emqx.md` section 2.3). With them a kicked client could return at once. */
const CACHES = ['/authentication/node_cache/reset', '/authorization/node_cache/reset'];

/**
 * EMQX 5 and 6 (`brokers/emqx/emqx.md` section 8): resets the caches of ThingPass's answers, then kicks the clients, which
 * also ends their own caches and stored sessions.
 */
export const endAtEmqx: EndSessions = async (keys, call) => {
  const cacheFailures = await resetCaches(call);
  const found = new Map<string, string | undefined>(
    keys.clientIds.map(({ clientId, username }) => [clientId, username]),
  );
  for (const username of keys.usernames)
    for (const clientId of await clientsOf(username, call)) found.set(clientId, undefined);
  const sessions = [...found].map(([clientId, username]) => ({ clientId, username }));
  const ends = await endEach('emqx', sessions, async ({ clientId, username }) => {
    const path = `/clients/${encodeURIComponent(clientId)}`;
    if (username !== undefined && !(await hasUsername(username, path, call))) return false;
    const { status } = await call({ method: 'DELETE', path });
    if (status === 204 || status === 200) return true;
    if (status === 404) return false;
    throw new ThingPassError('call_failed', statusMessage(status));
  });
  return [...cacheFailures, ...ends];
};

async function resetCaches(call: CallBroker): Promise<SessionEnd[]> {
  for (const path of CACHES) {
    try {
      const { status } = await call({ method: 'POST', path });
      // Before 5.9 there are no such caches.
      if (status >= 300 && status !== 404) throw new ThingPassError('call_failed', statusMessage(status));
    } catch (error) {
      if (!isThingPassError(error, 'call_failed')) throw error;
      const detail = `the cached answers were not reset: ${error.message}`;
      return [{ broker: 'emqx', result: 'failed', detail }];
    }
  }
  return [];
}

async function clientsOf(username: string, call: CallBroker): Promise<string[]> {
  const query = new URLSearchParams({ username, limit: String(MAX_SESSIONS) });
  const { data } = membersOf(readJson(await call({ method: 'GET', path: `/clients?${query}` })));
  return rowsOf(data).flatMap(({ clientid }) => (typeof clientid === 'string' ? [clientid] : []));
}

async function hasUsername(username: string, path: string, call: CallBroker): Promise<boolean> {
  const answer = await call({ method: 'GET', path });
  return answer.status !== 404 && membersOf(readJson(answer)).username === username;
}
