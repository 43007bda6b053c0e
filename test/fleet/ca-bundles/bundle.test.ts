import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  bundleEtag,
  bundleText,
  outdatedNodes,
  readBundledCertificates,
} from '../../../src/fleet/ca-bundles/bundle.ts';
import { isThingPassError } from '../../../src/model/errors.ts';
import { GOLDEN } from '../../support/golden.ts';

const pki = (file: string): string => readFileSync(join(GOLDEN, 'pki', file), 'utf8');
const ROOT = pki('root.crt.pem');
const NOW = Date.now();

test('certificates of authorities are read, and the text around them is dropped', () => {
  const [one, ...others] = readBundledCertificates(`subject=root\n${ROOT}\ntrailing`, NOW);
  assert.equal(others.length, 0);
  assert.match(one?.pem ?? '', /^-----BEGIN CERTIFICATE-----\n[\s\S]+\n-----END CERTIFICATE-----\n$/);
  assert.match(one?.sha256 ?? '', /^[0-9a-f]{64}$/);
});

test('files on which a broker fails are refused, and so are keys', () => {
  for (const [text, message] of [
    ['', /no certificate/],
    [ROOT.slice(0, -40), /truncated/],
    [ROOT.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), /certificate 1 cannot be parsed/],
    [pki('p256.crt.pem'), /not a certificate authority/],
    [ROOT + pki('p256.key.pem'), /must not be in a bundle/],
  ] as const) {
    assert.throws(
      () => readBundledCertificates(text, NOW),
      (error: Error) => isThingPassError(error, 'ca_certificate_invalid') && message.test(error.message),
      text.slice(0, 60),
    );
  }
  const end = readBundledCertificates(ROOT, NOW)[0]?.notAfter ?? 0;
  assert.throws(() => readBundledCertificates(ROOT, end + 1), /expired at/);
});

test('the entity tag depends on the content only, and tells which nodes are outdated', () => {
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
  assert.deepEqual(outdatedNodes([root, next], fetches), ['a']);
});
