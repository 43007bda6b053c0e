import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a broker's API was asked. */
export interface AskedOfBroker {
  readonly method: string;
  /** With the query, as it came. */
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface FakeBrokerApi {
  readonly url: string;
  readonly asked: readonly AskedOfBroker[];
  close(): Promise<void>;
}

type Answer = { readonly status: number; readonly body?: unknown } | 'hang';

/** An HTTP API on loopback that answers as a test says. */
export async function fakeBrokerApi(
  answer: (asked: AskedOfBroker, count: number) => Answer,
): Promise<FakeBrokerApi> {
  const asked: AskedOfBroker[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization,
    };
    asked.push(one);
    const detail = answer(one, asked.length);
    if (detail === 'hang') return;
    response.writeHead(detail.status, { 'content-type': 'application/json' });
    response.end(detail.body === undefined ? '' : JSON.stringify(detail.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** EMQX's API as far as sessions go (`src/brokers/emqx/emqx.md` section 8): clients by id, with their user names. */
export function emqxApi(clients: Map<string, string>, { nodeCaches = true } = {}) {
  const caches = { resets: 0 };
  const answer = ({ method, path }: AskedOfBroker): Answer => {
    const { pathname, searchParams } = new URL(path, 'http://emqx');
    const notFound = { status: 404, body: { code: 'CLIENTID_NOT_FOUND', message: 'Client ID not found' } };
    if (method === 'POST' && pathname.endsWith('/node_cache/reset')) {
      if (!nodeCaches) return { status: 404, body: { code: 'NOT_FOUND', message: 'Not Found' } };
      caches.resets++;
      return { status: 204 };
    }
    if (pathname === '/api/v5/clients') {
      const data = [...clients]
        .filter(([, username]) => username === searchParams.get('username'))
        .map(([clientid, username]) => ({ clientid, username, connected: true }));
      return {
        status: 200,
        body: { data, meta: { count: data.length, limit: 50, page: 1, hasnext: false } },
      };
    }
    const clientid = decodeURIComponent(pathname.slice('/api/v5/clients/'.length));
    const username = clients.get(clientid);
    if (username === undefined) return notFound;
    if (method === 'GET') return { status: 200, body: { clientid, username, connected: true } };
    clients.delete(clientid);
    return { status: 204 };
  };
  return { answer, caches };
}

interface VernemqSession {
  readonly client_id: string;
  readonly mountpoint: string;
  readonly user: string;
}

/** VerneMQ's API: `session show` with its fields and conditions, and `session disconnect`. */
export function vernemqApi(sessions: VernemqSession[]) {
  return ({ path }: AskedOfBroker): Answer => {
    const [pathname, query = ''] = path.split('?');
    const pairs = query.split('&').map((part) => part.split('=').map(decodeURIComponent));
    const value = (name: string) => pairs.find(([key, given]) => key === name && given !== undefined)?.[1];
    const matches = (one: VernemqSession, ...columns: (keyof VernemqSession)[]) =>
      columns.every((column) => [undefined, one[column]].includes(value(`--${column}`)));
    if (pathname === '/api/v1/session/show') {
      const fields = pairs.filter(([, given]) => given === undefined).map(([key = '']) => key.slice(2));
      const table = sessions
        .filter((one) => matches(one, 'client_id', 'mountpoint', 'user'))
        .map((one) => Object.fromEntries(fields.map((name) => [name, { is_online: true, ...one }[name]])));
      return { status: 200, body: { type: 'table', table } };
    }
    const clientId = value('client-id');
    const at = sessions.findIndex(
      (one) => one.client_id === clientId && one.mountpoint === (value('--mountpoint') ?? ''),
    );
    if (at >= 0) sessions.splice(at, 1);
    return { status: 200, body: { type: 'text', text: 'Done' } };
  };
}
