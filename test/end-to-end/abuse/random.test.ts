import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { hostileRequests } from '../../support/hostile-requests.ts';
import { type Asked, type BesiegedServer, startBesieged } from './support/besieged-server.ts';
import type { Door } from './support/doors.ts';
import { mutated } from './support/mutated.ts';
import { bytesOf, exchange, isRefusedAsHttp, type RawRequest, SOON_MS } from './support/wire.ts';

/*
 * Bytes that nobody thought of: requests of strangers with changes at random, and sentences at random in the grammars of bodies.
 * There is no secret of the brokers here, so that each of them reaches the webhook that it is for.
 */

const RUNS = process.env.THINGPASS_SOAK === '1' ? 1_000 : 25;
/** Field names of all brokers, and what stands in the place of names. */
const NAMES = [
  ...[
    'username',
    'password',
    'clientid',
    'client_id',
    'clientId',
    'topic',
    'action',
    'access',
    'acc',
    'topics',
  ],
  ...[
    'vhost',
    'resource',
    'name',
    'permission',
    'routing_key',
    'tags',
    'mountpoint',
    'qos',
    'cert_pem',
    'subject',
  ],
];

let server: BesiegedServer;
before(async () => {
  server = await startBesieged({ THINGPASS_SECRET: '' });
});
after(() => server?.stop());

interface Attempt {
  readonly door: Door;
  readonly bytes: Buffer;
}

/** Which of the doors, and of its strangers' requests: what there is is known only once the server runs. */
const choice = fc.record({ door: fc.nat(), request: fc.nat() });

function chosen({ door, request }: { door: number; request: number }): { door: Door; request: RawRequest } {
  const [found, { strange }] = [...server.asked][door % server.asked.size] as [Door, Asked];
  return { door: found, request: strange[request % strange.length] as RawRequest };
}

const changes: fc.Arbitrary<() => Attempt> = fc.tuple(choice, mutated).map(([which, change]) => () => {
  const { door, request } = chosen(which);
  return { door, bytes: change(bytesOf(request)) };
});

const sentences: fc.Arbitrary<() => Attempt> = fc
  .tuple(choice, hostileRequests(NAMES))
  .map(([which, { method, query, headers, body }]) => () => {
    const { door, request } = chosen(which);
    const given = Object.entries(headers).filter(
      (one): one is [string, string] => typeof one[1] === 'string',
    );
    const own = request.headers.filter(([name]) => name === 'vernemq-hook');
    const target = query === '' ? door.path : `${door.path}?${query}`;
    return { door, bytes: bytesOf({ method, target, headers: [...own, ...given], body }) };
  });

async function assertRefused({ door, bytes }: Attempt): Promise<void> {
  const { replies, hung } = await exchange(server.port, [bytes], SOON_MS);
  const what = `${door.name}: ${JSON.stringify(bytes.toString('latin1'))}`;
  assert.ok(!hung, `${what}: the connection stays open`);
  for (const reply of replies) {
    // A change in the path may lead to another door of the same broker.
    const doors = [...server.asked.keys()].filter(
      ({ broker, kind }) => broker === door.broker && kind !== 'check',
    );
    const refused = [door, ...doors].some(({ refuses }) => refuses(reply));
    assert.ok(refused || isRefusedAsHttp(reply), `${what}: ${reply.status} ${reply.body}`);
  }
}

test('nobody gets in by chance', async () => {
  const attempts = fc.array(fc.oneof(changes, sentences), { minLength: 1, maxLength: 24, size: 'max' });
  await fc.assert(
    fc.asyncProperty(attempts, async (some) => {
      await Promise.all(some.map((make) => assertRefused(make())));
    }),
    { numRuns: RUNS },
  );
});

test('after all that the same server answers as ever, and has logged no mistake and no secret', () =>
  // What strangers sent may have become a client id or a topic by a change, and these are logged.
  server.assertSound({ strangersSecrets: false }));
