import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKER_NAMES } from '../../src/model/question.ts';
import { startTestServer } from '../support/server.ts';

const MOUNTING = ['emqx', 'emqx4', 'vernemq', 'generic'] as const;

test('brokers that can give each device a tree of its own may be declared to do so', async () => {
  const server = await startTestServer({ THINGPASS_MOUNTED_BROKERS: MOUNTING.join(',') });
  await server.close();
});

for (const broker of BROKER_NAMES.filter((one) => !MOUNTING.some((mounting) => mounting === one))) {
  test(`${broker} has one tree for all: to declare it mounted stops the start`, async () => {
    const start = startTestServer({ THINGPASS_MOUNTED_BROKERS: broker });
    await assert.rejects(start, new RegExp(`THINGPASS_MOUNTED_BROKERS names ${broker}, which has one`));
  });
}
