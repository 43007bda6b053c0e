import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { PASSWORD_KEPT_ELSEWHERE } from '../../src/credentials/verify-secret.ts';
import { createSecretSchemes } from '../../src/secrets/secret-schemes.ts';
import { DeviceRepository } from '../../src/storage/device-repository.ts';
import { startTestServer } from '../support/server.ts';

/*
 * All devices of a fleet at once, each one another, to an empty cache; a tenth of them unknown, while others bring passwords
 * with slow hashes, which may be told to come back but never that they are wrong.
 */

const SOAK = process.env.THINGPASS_SOAK === '1';
const DEVICES = SOAK ? 10_000 : 600;
const PASSWORDS = SOAK ? 1_000 : 150;

interface Answer {
  readonly result: string;
  readonly reason?: string;
}

test(`a burst of ${DEVICES} devices is answered without a single false denial`, async (t) => {
  const server = await startTestServer({
    THINGPASS_LOG_LEVEL: 'error',
    THINGPASS_DECISION_BUDGET_MS: '30000',
  });
  t.after(() => server.close());
  const schemes = createSecretSchemes();
  t.after(() => schemes.close());
  const devices = await DeviceRepository.open(server.config.database);
  for (let index = 0; index < DEVICES; index++) {
    if (index % 10 === 0) continue;
    await devices.create({
      name: `device-${index}`,
      profileName: 'default',
      credentials: {
        credentialsType: 'ACCESS_TOKEN',
        credentialsId: `token-${index}`,
        credentialsValue: null,
      },
    });
  }
  const hash = await schemes.hashChosen('chosen by somebody');
  for (let index = 0; index < PASSWORDS; index++) {
    await devices.create({
      name: `user-${index}`,
      profileName: 'default',
      credentials: {
        credentialsType: 'MQTT_BASIC',
        credentialsId: `user-${index}`,
        credentialsValue: JSON.stringify({ userName: `user-${index}`, password: PASSWORD_KEPT_ELSEWHERE }),
        secrets: [{ hash }],
      },
    });
  }
  await devices.close();

  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  t.after(() => agent.destroy());
  const times: number[] = [];
  const connect = (body: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const since = performance.now();
      request(`${server.url}/v1/connect`, {
        ...{ agent, method: 'POST', headers: { 'content-type': 'application/json' } },
      })
        .on('error', reject)
        .on('response', async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk as Buffer);
          times.push(performance.now() - since);
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        })
        .end(JSON.stringify(body));
    });

  const since = performance.now();
  const passwords = Promise.all(
    Array.from({ length: PASSWORDS }, (_, index) =>
      connect({ clientId: `u-${index}`, username: `user-${index}`, password: 'chosen by somebody' }),
    ),
  );
  const answers = await Promise.all(
    Array.from({ length: DEVICES }, (_, index) =>
      connect({ clientId: `c-${index}`, username: `token-${index}` }),
    ),
  );
  const took = performance.now() - since;
  for (const [index, { result, reason }] of answers.entries()) {
    const expected = index % 10 === 0 ? ['deny', 'credentials_unknown'] : ['allow', undefined];
    assert.deepEqual([result, reason], expected, `device ${index}`);
  }
  const said = { allow: 0, overloaded: 0 };
  for (const { result, reason } of await passwords) {
    if (result === 'allow') said.allow++;
    else {
      assert.equal(reason, 'overloaded', 'a right password is never denied');
      said.overloaded++;
    }
  }
  assert.ok(said.allow > 0);
  times.sort((one, other) => one - other);
  const p99 = times[Math.floor(times.length * 0.99)] as number;
  console.log(
    `${DEVICES} devices over 256 connections, empty cache, in one process with the client: ${took.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms; ${PASSWORDS} slow passwords meanwhile: ${said.allow} allowed, ${said.overloaded} told to come back`,
  );
});
