import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { OpenedDevices } from '../support/prisma.ts';
import { Installation } from '../support/process.ts';
import { createSlowPasswords, slowPassword, slowUser } from './support/slow-passwords.ts';

/*
 * All devices of a fleet at once, each one another, to a server that has just started; a tenth of them unknown, while others
 * bring more passwords with slow hashes than can wait to be checked. These may be told to come back, but never that they are
 * wrong, and are let in when they do.
 */

const SOAK = process.env.THINGPASS_SOAK === '1';
const DEVICES = SOAK ? 10_000 : 600;
const PASSWORDS = SOAK ? 1_000 : 120;
const COME_BACK_MS = 500;

interface Answer {
  readonly result: string;
  readonly reason?: string;
}

const isUnknown = (index: number): boolean => index % 10 === 0;

async function fill(file: string): Promise<void> {
  const devices = await OpenedDevices.open({ kind: 'sqlite', file });
  for (let index = 0; index < DEVICES; index++) {
    if (isUnknown(index)) continue;
    const credentials = {
      credentialsType: 'ACCESS_TOKEN',
      credentialsId: `token-${index}`,
      credentialsValue: null,
    } as const;
    await devices.create({ name: `device-${index}`, profileName: 'default', credentials });
  }
  await createSlowPasswords(devices, PASSWORDS);
  await devices.close();
}

test(`a burst of ${DEVICES} devices is answered without a single false denial`, async (t) => {
  const installation = new Installation({});
  assert.equal((await installation.run(['migrate'])).code, 0);
  await fill(installation.environment.DATABASE_URL?.slice('file:'.length) as string);
  const server = await installation.serve();
  t.after(() => server.stop());

  const connect = (agent: Agent, body: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      request(`${server.url}/v1/connect`, {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      })
        .on('error', reject)
        .on('response', async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk as Buffer);
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        })
        .end(JSON.stringify(body));
    });

  const people = new Agent({ keepAlive: true });
  const fleet = new Agent({ keepAlive: true, maxSockets: 256 });
  t.after(() => {
    people.destroy();
    fleet.destroy();
  });
  let cameBack = 0;
  let queueIsFull: () => void = () => undefined;
  const full = new Promise<void>((resolve) => {
    queueIsFull = resolve;
  });
  const logIn = async (index: number): Promise<void> => {
    const login = { clientId: `u-${index}`, username: slowUser(index), password: slowPassword(index) };
    for (;;) {
      const { result, reason } = await connect(people, login);
      if (result === 'allow') return;
      assert.equal(reason, 'overloaded', 'a right password is never denied');
      cameBack++;
      queueIsFull();
      await wait(COME_BACK_MS);
    }
  };
  const passwords = Promise.all(Array.from({ length: PASSWORDS }, (_, index) => logIn(index)));
  await Promise.race([full, passwords]);
  assert.ok(cameBack > 0, 'the queue of slow hashes is full');

  const times: number[] = [];
  const since = performance.now();
  const answers = await Promise.all(
    Array.from({ length: DEVICES }, async (_, index) => {
      const answer = await connect(fleet, { clientId: `c-${index}`, username: `token-${index}` });
      times.push(performance.now() - since);
      return answer;
    }),
  );
  const took = performance.now() - since;
  for (const [index, { result, reason }] of answers.entries()) {
    const expected = isUnknown(index) ? ['deny', 'credentials_unknown'] : ['allow', undefined];
    assert.deepEqual([result, reason], expected, `device ${index}`);
  }
  await passwords;
  times.sort((one, other) => one - other);
  const at = (share: number): string => `${times[Math.floor(times.length * share)]?.toFixed(0)} ms`;
  console.log(
    `${DEVICES} devices over 256 connections, empty cache: all answered after ${took.toFixed(0)} ms, half of them after ${at(0.5)}, p99 ${at(0.99)}; meanwhile ${PASSWORDS} slow passwords were told to come back ${cameBack} times, and all let in`,
  );
});
