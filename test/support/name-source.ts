import assert from 'node:assert/strict';
import { DIALECT_OF } from '../../src/brokers/registry.ts';
import type { NameSource } from '../../src/engine/certificates/certificate-name.ts';
import type { BrokerName } from '../../src/model/question.ts';

/** How a broker writes certificates' names, as its dialect says. */
export function nameSourceOf(broker: BrokerName): NameSource {
  const source = DIALECT_OF[broker].certificateForms?.names;
  assert.ok(source !== undefined, broker);
  return source;
}
