import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DIALECT_OF } from '../../src/brokers/registry.ts';
import { BROKER_PRODUCTS, type BrokerProduct } from '../../src/model/question.ts';
import { PLAIN_SETTINGS } from '../support/broker-settings.ts';
import { readCapture } from '../support/captured-request.ts';
import { GOLDEN, goldenFile } from '../support/golden.ts';

/*
 * Recorded requests of brokers without a test of their own beside this one: each goes to an endpoint of the dialect, which reads
 * it. What exactly is read is for a test named like the broker, `brokers-<name>.test.ts`; one takes the broker's captures over.
 */

const OWN_TESTS = readdirSync(fileURLToPath(new URL('.', import.meta.url)));

const recorded = BROKER_PRODUCTS.filter(
  (broker) =>
    !OWN_TESTS.some((file) => file.startsWith(`brokers-${broker}.`)) &&
    existsSync(join(GOLDEN, `captures/${broker}`)),
);

for (const broker of recorded) {
  const folder = `captures/${broker}`;
  goldenFile(
    folder,
    () => readdirSync(join(GOLDEN, folder)).filter((file) => file.endsWith('.http')),
    (file) => check(broker, `${folder}/${file}`),
  );
}

function check(broker: BrokerProduct, file: string): void {
  const { method, path, query, rest, body } = readCapture(file);
  const endpoint = DIALECT_OF[broker].endpoints.find(
    (one) => path.endsWith(one.path) && (one.methods as readonly string[]).includes(method),
  );
  assert.ok(endpoint !== undefined, `${file}: no endpoint of ${broker} has ${method} ${path}`);
  const lines = rest.toString('latin1', 0, rest.indexOf('\r\n\r\n')).split('\r\n').slice(1);
  const headers = Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value = ''] = /^([^:]*): *(.*)$/.exec(line) ?? [];
      return [name.toLowerCase(), value];
    }),
  );
  const question = endpoint.read({ method, query: query.slice(1), headers, body }, PLAIN_SETTINGS);
  assert.notEqual(question, undefined, file);
}
