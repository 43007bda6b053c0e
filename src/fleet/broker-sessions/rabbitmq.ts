import { ThingPassError } from '../../model/errors.ts';
import { endEach, membersOf, readJson, rowsOf, statusMessage } from './broker-answers.ts';
import type { CallBroker, EndSessions } from './session-end.ts';

interface Connection {
  /** RabbitMQ's name of the connection, made of the two addresses. */
  readonly name: string;
  /**
   * RabbitMQ's API shows the client id, and the connection by its name, some seconds after the connection was
   * opened.
   */
  readonly clientId: string | undefined;
}

/** A connection and the API path that closes it. */
interface ConnectionToClose {
  readonly clientId: string | undefined;
  readonly path: string;
}

/** Limits for searching the list of all connections for a client id. */
const PAGE_SIZE = 500;
const MAX_PAGES = 20;
const COLUMNS = 'name,variable_map';

/**
 * RabbitMQ's management API (`brokers/rabbitmq/rabbitmq.md` section 5). A session's rights are not checked again while it lasts,
 * so its connection is closed. Connections are found at once by user name; by client id alone they are found in the
 * list of all connections, which is five seconds late.
 */
export const endAtRabbitmq: EndSessions = async (keys, call) => {
  const toClose = new Map<string, ConnectionToClose>();
  for (const username of keys.usernames)
    for (const { name, clientId } of await connectionsOf(username, call))
      toClose.set(name, { clientId, path: pathByUsername(username) });
  const withoutUsername = new Set<string>();
  for (const { clientId, username } of keys.clientIds) {
    if (username === undefined) withoutUsername.add(clientId);
    else for (const [name, one] of await connectionsToClose(clientId, username, call)) toClose.set(name, one);
  }
  for (const { clientId } of toClose.values()) if (clientId !== undefined) withoutUsername.delete(clientId);
  if (withoutUsername.size > 0)
    for (const { name, clientId } of await allConnections(call))
      if (clientId !== undefined && withoutUsername.has(clientId))
        toClose.set(name, { clientId, path: pathByName(name) });
  const closed = new Map<string, boolean>();
  return endEach('rabbitmq', [...toClose.values()], async ({ path }) => {
    const already = closed.get(path);
    if (already !== undefined) return already;
    const { status } = await call({ method: 'DELETE', path, headers: { 'x-reason': 'credentials revoked' } });
    if (status !== 204 && status !== 404) throw new ThingPassError('call_failed', statusMessage(status));
    closed.set(path, status === 204);
    return status === 204;
  });
};

/**
 * The connections of a user name that have this client id. If one is too new to show its client id, all connections
 * of the user name are closed: another device simply reconnects.
 */
async function connectionsToClose(
  clientId: string,
  username: string,
  call: CallBroker,
): Promise<(readonly [name: string, cleanup: ConnectionToClose])[]> {
  const connections = await connectionsOf(username, call);
  const clientIdUnknown = connections.some((one) => one.clientId === undefined);
  return connections
    .filter((one) => clientIdUnknown || one.clientId === clientId)
    .map((one) => {
      const path = clientIdUnknown ? pathByUsername(username) : pathByName(one.name);
      return [one.name, { clientId: one.clientId ?? clientId, path }] as const;
    });
}

function pathByUsername(username: string): string {
  return `/connections/username/${encodeURIComponent(username)}`;
}

function pathByName(name: string): string {
  return `/connections/${encodeURIComponent(name)}`;
}

async function connectionsOf(username: string, call: CallBroker): Promise<Connection[]> {
  const connections: Connection[] = [];
  for (const row of rowsOf(readJson(await call({ method: 'GET', path: pathByUsername(username) })))) {
    const name = String(row.name);
    const details = await call({
      method: 'GET',
      path: `${pathByName(name)}?columns=${COLUMNS}`,
    });
    const clientId = details.status === 200 ? connectionOf(membersOf(readJson(details))).clientId : undefined;
    connections.push({ name, clientId });
  }
  return connections;
}

/** @throws {ThingPassError} `call_failed` if there are too many connections to search. */
async function allConnections(call: CallBroker): Promise<Connection[]> {
  const all: Connection[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const path = `/connections?page=${page}&page_size=${PAGE_SIZE}&columns=${COLUMNS}`;
    const { items, page_count: pages } = membersOf(readJson(await call({ method: 'GET', path })));
    all.push(...rowsOf(items).map(connectionOf));
    if (typeof pages !== 'number' || page >= pages) return all;
  }
  throw new ThingPassError(
    'call_failed',
    `there are more than ${PAGE_SIZE * MAX_PAGES} connections to search`,
  );
}

function connectionOf({ name, variable_map: variables }: Readonly<Record<string, unknown>>): Connection {
  const { client_id: clientId } = membersOf(variables);
  return { name: String(name), clientId: typeof clientId === 'string' ? clientId : undefined };
}
