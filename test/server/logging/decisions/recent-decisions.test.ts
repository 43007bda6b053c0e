import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Allow, deny } from '../../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../../src/model/peer-certificate.ts';
import type { ConnectAttempt, TopicAccess } from '../../../../src/model/question.ts';
import { nameSecret } from '../../../../src/server/logging/decision-log.ts';
import { gatherDecisions } from '../../../../src/server/logging/decisions/gather-decisions.ts';
import { RecentDecisions } from '../../../../src/server/logging/decisions/recent-decisions.ts';
import { type ProcessGroup, singleProcess } from '../../../../src/server/process-group/group.ts';
import { ALLOW } from '../../../support/decisions.ts';

const METER: Allow = {
  ...ALLOW,
  device: {
    id: '11111111-1111-4111-8111-111111111111',
    name: 'meter',
    tenantId: 't',
    topics: {},
    profileId: 'p',
    profileName: 'default',
  },
};

function connect(
  recent: RecentDecisions,
  decision: Parameters<RecentDecisions['record']>[2],
  client: Partial<ConnectAttempt> = {},
) {
  const attempt = { broker: 'emqx', clientId: 'c', certificate: NO_CERTIFICATE, ...client } as const;
  recent.record('emqx', 'connect', decision, { kind: 'connect', attempt }, 1);
}

test('the last ones are kept, the latest first; allows push no refusal out', () => {
  const recent = new RecentDecisions(3, 4);
  for (let count = 1; count <= 5; count++)
    connect(recent, deny('credentials_unknown'), { clientId: `d${count}` });
  for (let count = 1; count <= 50; count++) connect(recent, METER, { clientId: `a${count}` });
  const clients = (list: ReturnType<RecentDecisions['list']>) => list.map(({ clientId }) => clientId);
  assert.deepEqual(clients(recent.list({}, 100)), ['a50', 'a49', 'a48', 'a47', 'd5', 'd4', 'd3']);
  assert.deepEqual(clients(recent.list({ denied: true }, 2)), ['d5', 'd4']);
  assert.deepEqual(clients(recent.list({ denied: true, device: 'd4' }, 100)), ['d4']);
  assert.equal(recent.list({ device: 'meter' }, 100).length, 4);
  assert.equal(recent.list({ device: METER.device?.id }, 100).length, 4);
  assert.equal(recent.list({ broker: 'nanomq' }, 100).length, 0);
  assert.equal(recent.list({ since: Date.now() + 1_000 }, 100).length, 0);
});

test('what brokers ask as a matter of course is no refusal', () => {
  const recent = new RecentDecisions();
  recent.record('mosquitto', 'superuser', deny('superuser_refused'), undefined, 1);
  assert.deepEqual(recent.list({ denied: true }, 10), []);
  assert.equal(recent.list({}, 10)[0]?.reason, 'superuser_refused');
});

test('texts are cut and made visible, and a user name is named by its hash', () => {
  const recent = new RecentDecisions();
  const username = 'A1_SECRET_TOKEN';
  const password = 'never-to-be-shown';
  connect(recent, deny('password_mismatch', [{ step: 's', detail: 'x'.repeat(9_000) }]), {
    clientId: `\u001b]0;${'c'.repeat(70_000)}`,
    username,
    password,
    peerAddress: 'a'.repeat(500),
    listener: 'l'.repeat(500),
  });
  const long = 'u'.repeat(70_000);
  const accesses = Array.from(
    { length: 900 },
    (): TopicAccess => ({
      broker: 'emqx',
      clientId: 'c',
      username: long,
      certificate: NO_CERTIFICATE,
      action: 'subscribe',
      topic: '\u0000'.repeat(65_535),
    }),
  );
  recent.record(
    'emqx',
    'topic',
    { ...METER, granted: [true, false, true] },
    { kind: 'topic', accesses, each: true },
    2,
  );
  const [topic, refused] = recent.list({}, 10);
  assert.match(refused?.clientId ?? '', /^\\u\{1b\}\]0;c{124}…$/);
  assert.equal(refused?.username, nameSecret(username));
  assert.equal(topic?.username, nameSecret(long));
  assert.deepEqual([topic?.topics, topic?.granted, topic?.action], [900, 2, 'subscribe']);
  const text = JSON.stringify([topic, refused]);
  assert.ok(text.length < 8_000, `${text.length}`);
  assert.ok(!text.includes(username) && !text.includes(password));
});

test('a place is written over whole: nothing of the one before shows', () => {
  const recent = new RecentDecisions(1, 1);
  connect(recent, METER, { username: 'u', peerAddress: '10.0.0.1', listener: 'l' });
  recent.record('generic', 'connect', deny('superuser_refused'), undefined, 9);
  const [shown] = recent.list({}, 10);
  assert.deepEqual(
    [
      shown?.clientId,
      shown?.username,
      shown?.address,
      shown?.listener,
      shown?.device,
      shown?.role,
      shown?.topic,
    ],
    Array(7).fill(undefined),
  );
});

test('pages over several workers leave nothing out and repeat nothing, also within a millisecond', async () => {
  const workers = [1, 2, 3].map((worker) => {
    const recent = new RecentDecisions();
    let handler: (request: unknown) => unknown = () => undefined;
    const processes = {
      ...singleProcess(),
      worker,
      handle: (_: string, given: typeof handler) => {
        handler = given;
      },
    } as ProcessGroup;
    const gather: ProcessGroup['gather'] = async (_name, payload) =>
      ({
        answers: workers.map((one) => ({ worker: one.worker, answer: one.answer(payload) })),
        silent: [],
      }) as never;
    return {
      worker,
      recent,
      answer: (request: unknown) => handler(request),
      read: gatherDecisions({ ...processes, gather }, recent),
    };
  });
  for (let count = 0; count < 300; count++)
    connect((workers[count % 3] as (typeof workers)[number]).recent, METER, { clientId: `c${count}` });
  const read = workers[0]?.read as ReturnType<typeof gatherDecisions>;
  const seen: string[] = [];
  for (let before: Parameters<typeof read>[2]; ; ) {
    const { decisions } = await read({}, 7, before);
    if (decisions.length === 0) break;
    seen.push(...decisions.map(({ clientId }) => clientId as string));
    before = decisions.at(-1);
  }
  assert.equal(seen.length, 300);
  assert.equal(new Set(seen).size, 300);
});
