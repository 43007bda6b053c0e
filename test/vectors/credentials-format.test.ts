import assert from 'node:assert/strict';
import {
  formatCredentials,
  type UnformattedCredentials,
} from '../../src/engine/credentials/stored/format.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';
import type { Difference } from './differences.ts';

interface FormatCase extends UnformattedCredentials {
  readonly expected: { readonly credentialsId?: string; readonly credentialsValue?: string };
}

const FILE = 'vectors/thingsboard/format.json';

goldenFile<FormatCase>(
  FILE,
  () => goldenJson<{ cases: FormatCase[] }>(FILE).cases,
  (one) => {
    const expected = isUnpaired(one) ? { ok: false, error: 'UNPAIRED_SURROGATE' } : one.expected;
    assert.deepEqual(formatCredentials(one), expected);
  },
  (one): Difference | undefined => (isUnpaired(one) ? 'unpaired_surrogate' : undefined),
);

/** Whether ThingsBoard would save, in the places where a client's own text goes, what no client can send. */
function isUnpaired({ credentialsType, expected }: FormatCase): boolean {
  if (expected.credentialsId?.isWellFormed() === false) return true;
  if (credentialsType !== 'MQTT_BASIC' || expected.credentialsValue === undefined) return false;
  return Object.values(JSON.parse(expected.credentialsValue)).some(
    (text) => typeof text === 'string' && !text.isWellFormed(),
  );
}
