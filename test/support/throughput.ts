/**
 * Requests per second of a known token and of an empty Fastify route, in interleaved rounds out of this process, which is
 * neither server: `throughput.ts <url of a running server> <token>`. Prints JSON.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';

const [thingpass, token] = process.argv.slice(2) as [string, string];
const ROUNDS = 3;
const ROUND_MS = 700;
const IN_FLIGHT = 32;

const body = JSON.stringify({ username: token, clientid: 'c', password: '' });
const headers = { 'content-type': 'application/json' };

if (thingpass === undefined) throw new Error('usage: throughput.ts <url> <token>');
const child: ChildProcess = fork(fileURLToPath(new URL('./empty-route.ts', import.meta.url)));
const [empty] = (await once(child, 'message')) as [string];

let refused = 0;

async function round(origin: string, path: string): Promise<number> {
  const pool = new Pool(origin, { connections: IN_FLIGHT });
  const end = performance.now() + ROUND_MS;
  let answered = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < end) {
        const response = await pool.request({ path, method: 'POST', headers, body });
        const text = await response.body.text();
        if (!text.startsWith('{"result":"allow"')) refused++;
        answered++;
      }
    }),
  );
  const rate = answered / ((performance.now() - start) / 1_000);
  await pool.close();
  return rate;
}

const rates = { token: [] as number[], empty: [] as number[] };
await round(empty, '/');
await round(thingpass, '/emqx/authentication');
refused = 0;
for (let index = 0; index < ROUNDS; index++) {
  rates.token.push(await round(thingpass, '/emqx/authentication'));
  rates.empty.push(await round(empty, '/'));
}
child.kill();
const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
console.log(JSON.stringify({ token: median(rates.token), empty: median(rates.empty), refused }));
