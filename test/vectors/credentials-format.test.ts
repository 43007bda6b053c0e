import assert from 'node:assert/strict';
import { formatCredentials, type UnformattedCredentials } from '../../src/credentials/format.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';

interface FormatCase extends UnformattedCredentials {
  readonly expected: object;
}

const FILE = 'vectors/thingsboard/format.json';

goldenFile<FormatCase>(
  FILE,
  () => goldenJson<{ cases: FormatCase[] }>(FILE).cases,
  (one) => assert.deepEqual(formatCredentials(one), one.expected),
);
