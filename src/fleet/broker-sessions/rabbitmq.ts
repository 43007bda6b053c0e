import { CallFailed } from '../../util/outgoing-call.ts';
import { endEach, jsonOf, membersOf, refusal, rowsOf } from './answers.ts';
import type { AskBroker, EndSessions } from './session-end.ts';

interface Connection {
  /** RabbitMQ's own, made of the two addresses. */
  readonly name: string;
  /** RabbitMQ's API knows it, and the connection by its name, only some seconds after the connection is there. */
  readonly clientId: string | undefined;
}

/** A connection and what closes it. */
interface CleanupStack {
  readonly clientId: string | undefined;
  readonly path: string;
}

/** Of the list of all connections so many are looked through for a client id. */
const PAGE = 500;
const MOST_PAGES = 20;
const COLUMNS = 'name,variable_map';

/**
 * RabbitMQ's management API (`../rabbitmq.md` section 5): what a session may do is not asked again while it lasts, so its
 * connection is closed. By user name at once; by client id alone out of the list of all connections, which lags by five
 * seconds.
 */
export const endAtRabbitmq: EndSessions = async (names, ask) => {
  const cleanup = new Map<string, CleanupStack>();
  for (const username of names.usernames)
    for (const { name, clientId } of await connectionsOf(username, ask))
      cleanup.set(name, { clientId, path: byUsername(username) });
  const nameless = new Set<string>();
  for (const { clientId, username } of names.clientIds) {
    if (username === undefined) nameless.add(clientId);
    else for (const [name, one] of await closingOf(clientId, username, ask)) cleanup.set(name, one);
  }
  for (const { clientId } of cleanup.values()) if (clientId !== undefined) nameless.delete(clientId);
  if (nameless.size > 0)
    for (const { name, clientId } of await allConnections(ask))
      if (clientId !== undefined && nameless.has(clientId))
        cleanup.set(name, { clientId, path: byName(name) });
  const closed = new Map<string, boolean>();
  return endEach('rabbitmq', [...cleanup.values()], async ({ path }) => {
    const already = closed.get(path);
    if (already !== undefined) return already;
    const { status } = await ask({ method: 'DELETE', path, headers: { 'x-reason': 'credentials revoked' } });
    if (status !== 204 && status !== 404) throw new CallFailed(refusal(status));
    closed.set(path, status === 204);
    return status === 204;
  });
};

/**
 * The connections of a user name that have this client id. Where one is too young to tell its client id, all of the user name
 * are closed: another device's comes back by itself.
 */
async function closingOf(
  clientId: string,
  username: string,
  ask: AskBroker,
): Promise<(readonly [name: string, cleanup: CleanupStack])[]> {
  const connections = await connectionsOf(username, ask);
  const untold = connections.some((one) => one.clientId === undefined);
  return connections
    .filter((one) => untold || one.clientId === clientId)
    .map((one) => {
      const path = untold ? byUsername(username) : byName(one.name);
      return [one.name, { clientId: one.clientId ?? clientId, path }] as const;
    });
}

function byUsername(username: string): string {
  return `/connections/username/${encodeURIComponent(username)}`;
}

function byName(name: string): string {
  return `/connections/${encodeURIComponent(name)}`;
}

async function connectionsOf(username: string, ask: AskBroker): Promise<Connection[]> {
  const connections: Connection[] = [];
  for (const row of rowsOf(jsonOf(await ask({ method: 'GET', path: byUsername(username) })))) {
    const name = String(row.name);
    const details = await ask({
      method: 'GET',
      path: `${byName(name)}?columns=${COLUMNS}`,
    });
    const clientId = details.status === 200 ? connectionOf(membersOf(jsonOf(details))).clientId : undefined;
    connections.push({ name, clientId });
  }
  return connections;
}

/** @throws {CallFailed} where there are more than can be looked through. */
async function allConnections(ask: AskBroker): Promise<Connection[]> {
  const all: Connection[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const path = `/connections?page=${page}&page_size=${PAGE}&columns=${COLUMNS}`;
    const { items, page_count: pages } = membersOf(jsonOf(await ask({ method: 'GET', path })));
    all.push(...rowsOf(items).map(connectionOf));
    if (typeof pages !== 'number' || page >= pages) return all;
  }
  throw new CallFailed(`there are more than ${PAGE * MOST_PAGES} connections to look through`);
}

function connectionOf({ name, variable_map: variables }: Readonly<Record<string, unknown>>): Connection {
  const { client_id: clientId } = membersOf(variables);
  return { name: String(name), clientId: typeof clientId === 'string' ? clientId : undefined };
}
