import assert from 'node:assert/strict';
import { credentialsIdOf } from '../../src/engine/certificates/x509/identity.ts';
import {
  OPENSSL_HAS_SHA3,
  sha3,
  sha3OfJoined,
  sha3WithNoble,
  sha3WithOpenSsl,
  trim,
} from '../../src/engine/credentials/stored/hash.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';
import type { Difference } from './differences.ts';

interface HashCase {
  readonly input?: string;
  readonly trimmed?: string;
  readonly delimiter?: string;
  readonly tokens?: readonly (string | null)[];
  readonly sha3: string;
  readonly peerCertificateString?: string;
  readonly peerCertificateSha3?: string;
  readonly unpairedSurrogate?: boolean;
}

const FILE = 'vectors/thingsboard/hashes.json';

goldenFile<HashCase>(
  FILE,
  () => goldenJson<{ cases: HashCase[] }>(FILE).cases,
  (one) => {
    if (one.tokens !== undefined) {
      assert.equal(sha3OfJoined(one.delimiter ?? '', one.tokens), one.sha3);
      return;
    }
    const input = one.input as string;
    assert.equal(trim(input), one.trimmed);
    if (one.unpairedSurrogate) {
      assert.ok(!input.isWellFormed(), 'such inputs never reach a lookup');
      assert.notEqual(sha3(input), one.sha3, 'nor would they find what Java finds');
      return;
    }
    assert.equal(sha3(input), one.sha3);
    assert.equal(sha3WithNoble(trim(input)), one.sha3);
    if (OPENSSL_HAS_SHA3) assert.equal(sha3WithOpenSsl(trim(input)), one.sha3);
    if (one.peerCertificateString !== undefined) {
      assert.equal(
        credentialsIdOf(Buffer.from(one.peerCertificateString, 'base64')),
        one.peerCertificateSha3,
      );
    }
  },
  (one): Difference | undefined => (one.unpairedSurrogate ? 'unpaired_surrogate' : undefined),
);
