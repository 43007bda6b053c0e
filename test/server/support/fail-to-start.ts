/** Starts a server with the settings of the environment, which must fail, and tells what it leaves open. Ends by itself or not. */

import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { readConfig } from '../../../src/config/config.ts';
import { startServer } from '../../../src/server/start.ts';
import { openExplainer } from '../../../src/tools/explain/open.ts';

const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name === 'DATABASE_URL' || name.startsWith('THINGPASS_')),
);
const detail = await startServer(
  readConfig(environment as Record<string, string>),
  pino({ enabled: false }),
  openExplainer,
).then(
  () => 'it started',
  (error: Error) => error.message,
);
// Pipes are the standard streams. What is closed is gone a little later; what was forgotten stays.
const open = () => process.getActiveResourcesInfo().filter((handle) => handle !== 'PipeWrap');
let handles = open();
for (let tries = 0; handles.length > 0 && tries < 100; tries++) {
  await wait(20);
  handles = open();
}
const listeners = process.listenerCount('SIGHUP');
process.stdout.write(JSON.stringify({ detail, handles, listeners }));
