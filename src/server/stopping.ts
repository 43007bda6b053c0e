import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** For so long a server that stops goes on, and tells every client that asks to ask over another connection next time. */
const ANNOUNCED_MS = 150;
/** Then a client that has not sent a whole request, or nothing at all, gets this long to do so, */
const REST_OF_REQUEST_MS = 500;
/** and a request that came whole this long to be answered. */
const LONGEST_ANSWER_MS = 10_000;

const LOOK_EVERY_MS = 20;

/**
 * Closes the app. Brokers keep their connections for ever, and lose a CONNECT that they send over one which is closed just then
 * (`brokers/mosquitto/mosquitto.md` section 5), so they are told first.
 * @param isAnswering whether requests that have come whole wait for their answers.
 */
export async function closeApp(app: FastifyInstance, isAnswering: () => boolean): Promise<void> {
  const { server } = app;
  if (server.listening) {
    server.prependListener('request', announceClose);
    await wait(ANNOUNCED_MS);
    // On a busy machine requests may wait to be read that came in time.
    await nextTurn();
  }
  const closedAt = performance.now();
  const closed = app.close();
  const look = setInterval(() => {
    const waitedMs = performance.now() - closedAt;
    // Those over which nothing ever came do not count among them.
    server.closeIdleConnections();
    const patienceMs = isAnswering() ? LONGEST_ANSWER_MS : REST_OF_REQUEST_MS;
    if (waitedMs >= patienceMs) server.closeAllConnections();
  }, LOOK_EVERY_MS);
  try {
    await closed;
  } finally {
    clearInterval(look);
  }
}

/** RFC 9112 section 9.6. */
function announceClose(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('connection', 'close');
}
