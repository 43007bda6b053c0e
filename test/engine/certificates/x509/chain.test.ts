import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembleChain } from '../../../../src/engine/certificates/text/assemble-chain.ts';
import { decodePem } from '../../../../src/engine/certificates/text/decode.ts';
import { checkChain } from '../../../../src/engine/certificates/x509/chain.ts';
import { goldenBytes } from '../../../support/golden.ts';
import {
  type CertificateShape,
  issue,
  type MadeCertificate,
  makeCertificate,
} from '../support/make-certificate.ts';

const NOW = Date.UTC(2027, 0, 1);

function golden(name: string): Buffer[] {
  return decodePem(goldenBytes(`pki/${name}.pem`).toString('latin1'), 'lines');
}

function faultIn(leaf: Uint8Array, chain: readonly Uint8Array[], now = NOW): string | undefined {
  const verdict = checkChain(leaf, chain, { now });
  return verdict.valid ? undefined : verdict.fault;
}

const AUTHORITY = { ca: true, keyUsage: 'sign-certificates' } as const;
const root = makeCertificate({ subject: 'root', ...AUTHORITY });

/** A leaf under one authority of that shape under the root. */
function under(shape: Partial<CertificateShape>): { leaf: Buffer; chain: Buffer[] } {
  const authority = issue(root, { subject: 'authority', ...AUTHORITY, ...shape });
  const leaf = issue(authority, { subject: 'leaf', ca: false });
  return { leaf: leaf.der, chain: [authority.der, root.der] };
}

test('the chains of the test authorities are valid', () => {
  const [leaf, ...intermediates] = golden('chain3.chain');
  const [rootDer] = golden('root.crt');
  assert.ok(leaf !== undefined && rootDer !== undefined);
  assert.equal(faultIn(leaf, []), undefined);
  assert.equal(faultIn(leaf, intermediates), undefined);
  assert.equal(faultIn(leaf, [...intermediates, rootDer]), undefined);
});

test('a certificate issued by one that is not an authority is invalid', () => {
  const [leaf, issuer] = golden('undernoca.chain');
  assert.ok(leaf !== undefined && issuer !== undefined);
  assert.deepEqual(checkChain(leaf, [issuer], { now: NOW }), {
    valid: false,
    at: 1,
    fault: 'not_a_ca',
    reason: 'certificate 1 of the chain is not a certificate authority',
  });
});

const SHAPES: readonly [string, Partial<CertificateShape>, string | undefined][] = [
  ['an authority', {}, undefined],
  ['no keyUsage at all', { keyUsage: undefined }, undefined],
  ['a name in another string type', { stringTag: 0x13 }, undefined],
  ['CA:FALSE', { ca: false }, 'not_a_ca'],
  ['no basicConstraints', { ca: undefined }, 'not_a_ca'],
  ['keyUsage without keyCertSign', { keyUsage: 'digital-signature' }, 'may_not_sign'],
  ['a path length that is enough', { pathLength: 0 }, undefined],
  ['an unknown critical extension', { unknownCritical: true }, 'unknown_critical_extension'],
  ['past its dates', { notAfter: '20260101000000Z' }, 'expired'],
  ['before its dates', { notBefore: '20280101000000Z' }, 'not_yet_valid'],
];

for (const [what, shape, fault] of SHAPES) {
  test(`an issuer with ${what}: ${fault ?? 'holds'}`, () => {
    const { leaf, chain } = under(shape);
    assert.equal(faultIn(leaf, chain), fault);
  });
}

test('skipDates ignores the authorities’ dates', () => {
  const { leaf, chain } = under({ notAfter: '20260101000000Z' });
  assert.deepEqual(checkChain(leaf, chain, { now: NOW, skipDates: true }), { valid: true });
});

test('names are compared as in RFC 5280 section 7.1, ignoring case and runs of blanks', () => {
  const authority = issue(root, { subject: 'The  Authority', ...AUTHORITY });
  const leaf = makeCertificate({ subject: 'leaf', issuer: 'the authority', signedBy: authority.key });
  assert.equal(faultIn(leaf.der, [authority.der]), undefined);
  const other = makeCertificate({ subject: 'leaf', issuer: 'another', signedBy: authority.key });
  assert.equal(faultIn(other.der, [authority.der]), 'name_mismatch');
});

test('a path length of 0 forbids an authority below, except self-issued ones', () => {
  const strict = issue(root, { subject: 'strict', ...AUTHORITY, pathLength: 0 });
  const below = issue(strict, { subject: 'below', ...AUTHORITY });
  const leaf = issue(below, { subject: 'leaf', ca: false });
  assert.equal(faultIn(leaf.der, [below.der, strict.der]), 'path_too_long');
  const renewed = issue(strict, { subject: 'strict', ...AUTHORITY });
  const other = issue(renewed, { subject: 'leaf', ca: false });
  assert.equal(faultIn(other.der, [renewed.der, strict.der]), undefined);
});

test('an issuer with the right name and another key is refused', () => {
  const { leaf, chain } = under({});
  const impostor = issue(root, { subject: 'authority', ...AUTHORITY });
  assert.equal(faultIn(leaf, [impostor.der, ...chain.slice(1)]), 'signature_invalid');
});

test('a device cannot sign for another: its own certificate is not an authority', () => {
  const device = issue(root, { subject: 'device', ca: false, keyUsage: 'digital-signature' });
  const forged = issue(device, { subject: 'neighbour', ca: false });
  assert.equal(faultIn(forged.der, [device.der, root.der]), 'not_a_ca');
});

test('an unreadable certificate makes the chain invalid without an exception', () => {
  const { leaf } = under({});
  assert.equal(faultIn(leaf, [Buffer.from('300a', 'hex')]), 'unreadable');
});

function shuffled(certificates: readonly MadeCertificate[]): Buffer[][] {
  const [one, two, three] = certificates.map((certificate) => certificate.der) as [Buffer, Buffer, Buffer];
  return [
    [one, two, three],
    [one, three, two],
    [two, one, three],
    [two, three, one],
    [three, one, two],
    [three, two, one],
  ];
}

test('a chain is sorted from the leaf upwards and the leaf is removed', () => {
  const upper = issue(root, { subject: 'upper', ...AUTHORITY });
  const lower = issue(upper, { subject: 'lower', ...AUTHORITY });
  const leaf = issue(lower, { subject: 'leaf', ca: false });
  const expected = [lower.der, upper.der, root.der];
  for (const order of shuffled([lower, upper, root])) {
    assert.deepEqual(assembleChain(leaf.der, order), expected);
    assert.deepEqual(assembleChain(leaf.der, [...order, leaf.der]), expected);
    assert.deepEqual(assembleChain(leaf.der, [leaf.der, ...order, ...order.slice(0, 2)]), expected);
  }
  const stranger = makeCertificate({ subject: 'stranger' }).der;
  assert.deepEqual(assembleChain(leaf.der, [root.der, stranger, lower.der, upper.der]), [
    ...expected,
    stranger,
  ]);
});

test('names in a chain never make another certificate the leaf', () => {
  // Self-made, its subject is the name of the victim's issuer, so that by names it seems to stand above the victim.
  const victim = issue(root, { subject: 'victim', ca: false });
  const mine = makeCertificate({ subject: 'root', ...AUTHORITY });
  const chain = assembleChain(mine.der, [victim.der]);
  assert.deepEqual(chain, [victim.der]);
  assert.ok(faultIn(mine.der, chain) !== undefined);
});

test('more than 10 certificates are refused', () => {
  const many = Array.from({ length: 11 }, () => root.der);
  assert.throws(() => assembleChain(root.der, many), { code: 'certificate_unreadable' });
});
