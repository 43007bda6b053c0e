import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  bundleEtag,
  bundleText,
  CertificatesRefused,
  laggingNodes,
  readBundledCertificates,
} from '../../../src/fleet/ca-bundles/bundle.ts';
import { GOLDEN } from '../../support/golden.ts';

const pki = (file: string): string => readFileSync(join(GOLDEN, 'pki', file), 'utf8');
const ROOT = pki('root.crt.pem');
const NOW = Date.now();

test('authorities are taken, with whatever text stands around them', () => {
  const [one, ...others] = readBundledCertificates(`subject=root\n${ROOT}\ntrailing`, NOW);
  assert.equal(others.length, 0);
  assert.match(one?.pem ?? '', /^-----BEGIN CERTIFICATE-----\n[\s\S]+\n-----END CERTIFICATE-----\n$/);
  assert.match(one?.sha256 ?? '', /^[0-9a-f]{64}$/);
});

test('what a broker would stop at is refused, and so are keys', () => {
  for (const [text, message] of [
    ['', /no certificate/],
    [ROOT.slice(0, -40), /cut off/],
    [ROOT.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), /certificate 1 cannot be parsed/],
    [pki('p256.crt.pem'), /not an authority/],
    [ROOT + pki('p256.key.pem'), /must not be handed out/],
  ] as const) {
    assert.throws(
      () => readBundledCertificates(text, NOW),
      (error: Error) => error instanceof CertificatesRefused && message.test(error.message),
      text.slice(0, 60),
    );
  }
  const end = readBundledCertificates(ROOT, NOW)[0]?.notAfter ?? 0;
  assert.throws(() => readBundledCertificates(ROOT, end + 1), /ended at/);
});

test('the tag is the content’s, in whatever order it was added; nodes lag by it', () => {
  const [root] = readBundledCertificates(ROOT, NOW);
  assert.ok(root);
  const next = {
    ...root,
    sha256: 'f'.repeat(64),
    notAfter: root.notAfter + 1,
    pem: root.pem.replace('MI', 'MJ'),
  };
  assert.equal(bundleEtag([root, next]), bundleEtag([next, root]));
  assert.notEqual(bundleEtag([root]), bundleEtag([root, next]));
  assert.ok(bundleText([root, next]).startsWith(next.pem), 'the one that ends last stands first');
  const fetch = (node: string, etag: string) => ({ node, etag, fetchedTime: NOW });
  const fetches = [fetch('a', bundleEtag([root])), fetch('b', bundleEtag([root, next]))];
  assert.deepEqual(laggingNodes([root, next], fetches), ['a']);
});
