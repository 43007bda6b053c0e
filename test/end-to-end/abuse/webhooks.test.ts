import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DIALECTS } from '../../../src/brokers/registry.ts';
import { type BesiegedServer, startBesieged } from './support/besieged-server.ts';
import type { Door } from './support/doors.ts';
import { inTurns } from './support/in-turns.ts';
import type { Spoil } from './support/spoil.ts';
import { BODY_SPOILS } from './support/spoilt-bodies.ts';
import { HTTP_SPOILS } from './support/spoilt-http.ts';
import {
  bytesOf,
  exchange,
  isRefusedAsHttp,
  type RawReply,
  type RawRequest,
  SOON_MS,
} from './support/wire.ts';

/*
 * Every webhook, asked over raw sockets in every way in which HTTP and bodies can be wrong, for devices with the right
 * credentials and for strangers: nobody gets in who should not, nothing hangs or falls, and no secret is logged.
 */

const SOAK = process.env.THINGPASS_SOAK === '1';

let server: BesiegedServer;
before(async () => {
  server = await startBesieged();
});
after(() => server?.stop());

test('as brokers write them, the requests of devices are allowed and those of strangers are not', async () => {
  const tries = [...server.asked].flatMap(([door, { known, strange }]) => [
    ...known.map((request) => ({ door, request, isStranger: false })),
    ...strange.map((request) => ({ door, request, isStranger: true })),
  ]);
  const open = new Set<string>();
  await inTurns(tries, async ({ door, request, isStranger }) => {
    const { replies } = await exchange(server.port, [bytesOf(request)]);
    const [reply] = replies as [RawReply];
    const detail = `${door.name}: ${JSON.stringify(replies)}`;
    assert.equal(replies.length, 1, detail);
    if (isStranger) assert.ok(door.refuses(reply), detail);
    else if (!door.refuses(reply)) open.add(`${door.broker} ${door.kind}`);
  });
  const mayBeOpen = [...server.asked.keys()].filter(({ kind }) => ['connect', 'topic'].includes(kind));
  assert.deepEqual(
    [...new Set(mayBeOpen.map(({ broker, kind }) => `${broker} ${kind}`))].filter((one) => !open.has(one)),
    [],
  );
});

for (const { broker } of DIALECTS) {
  for (const [what, spoils] of [
    ['HTTP', HTTP_SPOILS],
    ['bodies', BODY_SPOILS],
  ] as const) {
    test(`${broker}: ${what} as no broker writes them let nobody in`, async () => {
      const tries = [...server.asked]
        .filter(([door]) => door.broker === broker)
        .flatMap(([door, { known, strange }]) =>
          spoils.flatMap((spoil, index) => [
            ...some(known, spoil, index).map((request) => () => assertKept(door, request, spoil, false)),
            ...some(strange, spoil, index).map((request) => () => assertKept(door, request, spoil, true)),
          ]),
        );
      assert.ok(tries.length > 0 || (broker === 'forward_auth' && what === 'bodies'));
      await inTurns(tries, (attempt) => attempt());
    });
  }
}

/** The requests to which this can be done; when there is little time, one of them, another one for each spoil. */
function some(requests: readonly RawRequest[], { pieces }: Spoil, index: number): readonly RawRequest[] {
  const possible = requests.filter((request) => pieces(request) !== undefined);
  return SOAK ? possible : possible.filter((_, at) => at === index % possible.length);
}

async function assertKept(door: Door, request: RawRequest, spoil: Spoil, isStranger: boolean): Promise<void> {
  const { replies, rest, hung } = await exchange(
    server.port,
    spoil.pieces(request) ?? [],
    spoil.isHttp ? SOON_MS : undefined,
  );
  const what = `${door.name}, ${request.method}, ${isStranger ? 'stranger' : 'known'}, ${spoil.name}`;
  assert.ok(!hung, `${what}: the connection stays open`);
  assert.equal(rest, '', what);
  for (const [index, reply] of replies.entries()) {
    const detail = `${what}: ${reply.status} ${reply.body}`;
    const refusedAsHttp = isRefusedAsHttp(reply);
    assert.ok(reply.status < 500 || refusedAsHttp, detail);
    if (!isStranger && !spoil.refused) continue;
    assert.ok(door.refuses(reply) || (refusedAsHttp && (spoil.isHttp || index > 0)), detail);
  }
  if (!spoil.isHttp) assert.ok(replies.length > 0, `${what}: no answer`);
}

test('after all that the same server answers as ever, and has logged no mistake and no secret', () =>
  server.assertSound());
