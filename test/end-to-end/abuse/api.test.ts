import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type BesiegedServer, startBesieged } from './support/besieged-server.ts';
import { API_PATHS, OPEN_PATHS } from './support/doors.ts';
import { inTurns } from './support/in-turns.ts';
import type { Spoil } from './support/spoil.ts';
import { BODY_SPOILS } from './support/spoilt-bodies.ts';
import { HTTP_SPOILS } from './support/spoilt-http.ts';
import { exchange, isRefusedAsHttp, type RawRequest, SOON_MS } from './support/wire.ts';

/*
 * What is for people and programs, on the same port, asked as no client asks: nothing is given without a key, nothing fails,
 * nothing hangs. The worker that is asked hands these requests on to the primary.
 */

/** Of the many spoils a path has these many in common with few others, unless there is time. */
const SHARE = process.env.THINGPASS_SOAK === '1' ? 1 : 24;
const SPOILS: readonly Spoil[] = [...HTTP_SPOILS, ...BODY_SPOILS];

let server: BesiegedServer;
before(async () => {
  server = await startBesieged({ THINGPASS_WORKERS: '2' });
});
after(() => server?.stop());

function requestTo(method: string, target: string, key?: string): RawRequest {
  const headers: [string, string][] = key === undefined ? [] : [['authorization', `Bearer ${key}`]];
  if (['GET', 'HEAD', 'DELETE'].includes(method)) return { method, target, headers, body: Buffer.alloc(0) };
  const body = Buffer.from('{"name":"x","username":"x","action":"publish"}');
  return { method, target, headers: [...headers, ['content-type', 'application/json']], body };
}

async function assertServed(request: RawRequest, spoil: Spoil, isClosed: boolean): Promise<void> {
  const pieces = spoil.pieces(request);
  if (pieces === undefined) return;
  const { replies, rest, hung } = await exchange(server.port, pieces, spoil.isHttp ? SOON_MS : undefined);
  const what = `${request.method} ${request.target}, ${spoil.name}`;
  assert.ok(!hung, `${what}: the connection stays open`);
  assert.equal(rest, '', what);
  for (const reply of replies) {
    assert.ok(reply.status < 500 || isRefusedAsHttp(reply), `${what}: ${reply.status} ${reply.body}`);
    if (isClosed) assert.ok(reply.status >= 400, `${what}: ${reply.status} ${reply.body}`);
  }
}

test('the API gives nothing to those without a key, and fails for nobody', async () => {
  const tries = API_PATHS.flatMap(({ path, methods }, at) =>
    methods.flatMap((method) =>
      SPOILS.filter((_, index) => index % SHARE === at % SHARE).flatMap((spoil) => [
        () => assertServed(requestTo(method, path), spoil, true),
        () => assertServed(requestTo(method, path, server.apiKey), spoil, false),
      ]),
    ),
  );
  await inTurns(tries, (attempt) => attempt());
});

test('what is open to everybody fails for nobody', async () => {
  const tries = OPEN_PATHS.flatMap((path) =>
    SPOILS.flatMap((spoil) =>
      ['GET', 'POST'].map((method) => () => assertServed(requestTo(method, path), spoil, false)),
    ),
  );
  await inTurns(tries, (attempt) => attempt());
});

test('after all that the same server answers as ever, and has logged no mistake and no secret', () =>
  server.assertSound());
