import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { FormSettings } from '../../src/engine/certificates/forms/form.ts';
import {
  type EnabledForm,
  enableForms,
  readCertificateHeaders,
} from '../../src/engine/certificates/header-certificates.ts';
import { decodePem } from '../../src/engine/certificates/text/decode.ts';
import { readCertificateFields } from '../../src/engine/certificates/x509/certificate-fields.ts';
import { checkChain } from '../../src/engine/certificates/x509/chain.ts';
import { sha256Of } from '../../src/engine/certificates/x509/identity.ts';
import { verificationDenial } from '../../src/engine/credentials/certificate/certificate.ts';
import type { PresentedCertificate } from '../../src/model/peer-certificate.ts';
import { ReplayServer, requestWith } from '../engine/certificates/support/replay.ts';
import { goldenBytes, goldenFile, goldenJson } from '../support/golden.ts';
import { readProxyCertificate } from '../support/proxy-protocol/form.ts';

const FILE = 'vectors/forwarded-certificates/negative.json';

type HeaderValue = string | { readonly prefix?: string; readonly repeat: string; readonly times: number };

interface NegativeCase {
  readonly id: string;
  readonly encoding: string;
  readonly input: {
    readonly headers?: readonly (readonly [string, HeaderValue])[];
    readonly rawBase64?: string;
  };
  readonly expect: {
    readonly outcome: 'reject' | 'treat-as-absent' | 'accept';
    readonly error: string | null;
    readonly sha256?: string;
  };
  readonly peer?: string;
}

const WORD_ABSENT = { verification: '' } as const;
const CERTIFICATE = { certificate: 'x-ssl-client-cert' } as const;

/** Which form an operator would have switched on for the input, by its encoding. */
const FORMS: Record<string, readonly [string, FormSettings?]> = {
  'der-base64': ['nginx_der', { headers: { ...CERTIFICATE, ...WORD_ABSENT } }],
  'der-base64 SUCCESS': ['nginx_der', { headers: CERTIFICATE }],
  'der-base64 10': ['haproxy'],
  'der-base64 0': ['haproxy'],
  'pem-urlencoded': ['nginx'],
  'pem-urlencoded-alb': ['aws_alb_verify', { headers: CERTIFICATE }],
  'pem-one-line-spaces': ['apache'],
  rfc9440: ['rfc9440'],
  xfcc: ['xfcc'],
  'der-base64-comma-separated': ['traefik'],
};

/**
 * Where another outcome is as safe by the file's own word, and is chosen here: a chain is put in order and a repeated leaf
 * left out (RFC 8446 section 4.4.2 lets clients send any order).
 */
const ASSEMBLED: ReadonlyMap<string, number> = new Map([
  ['sf-chain-repeats-leaf', 1],
  ['sf-chain-out-of-order', 2],
]);

/** Longer than any certificate, so it is refused before it is parsed at all; that its parser would refuse it is asked apart. */
const REFUSED_FOR_LENGTH = 'der-nesting-20000';

let byDefault: ReplayServer;
let withOurLimit: ReplayServer;

before(async () => {
  byDefault = await ReplayServer.start();
  withOurLimit = await ReplayServer.start(128 * 1024);
});

after(async () => {
  await byDefault.stop();
  await withOurLimit.stop();
});

goldenFile(
  FILE,
  () => goldenJson<{ cases: NegativeCase[] }>(FILE).cases,
  async (one) => {
    if (one.input.rawBase64 !== undefined) {
      await checkProxy(one, Buffer.from(one.input.rawBase64, 'base64'));
      return;
    }
    const headers = headersOf(one);
    const forms = formsOf(one, headers);
    const rawHeaders = headers.flat();
    const { certificate } = readCertificateHeaders(rawHeaders, forms, one.peer === undefined);
    checkOutcome(one, certificate);
    await checkOverTheWire(one, headers, forms);
  },
  ({ id }) =>
    ASSEMBLED.has(id) ? 'chain_assembled' : id === REFUSED_FOR_LENGTH ? 'limit_before_work' : undefined,
);

/** Values as Node shows them: UTF-8 bytes as Latin-1. */
function headersOf(one: NegativeCase): [string, string][] {
  return (one.input.headers ?? []).map(([name, value]) => {
    const text = typeof value === 'string' ? value : (value.prefix ?? '') + value.repeat.repeat(value.times);
    return [name, Buffer.from(text, 'utf8').toString('latin1')];
  });
}

function formsOf(one: NegativeCase, headers: readonly [string, string][]): EnabledForm[] {
  const word = headers.find(([name]) => name === 'x-ssl-client-verify')?.[1];
  const [name, settings = {}] = FORMS[`${one.encoding} ${word}`] ?? FORMS[one.encoding] ?? [];
  assert.ok(name !== undefined, `no form for ${one.encoding}`);
  const form = { name, settings };
  return enableForms(one.id === 'two-families' ? [form, { name: 'xfcc' }] : [form]);
}

function checkOutcome(one: NegativeCase, certificate: PresentedCertificate): void {
  const { outcome, error, sha256 } = one.expect;
  const chainLength = ASSEMBLED.get(one.id);
  if (chainLength !== undefined) {
    assert.equal(certificate.kind, 'certificate');
    if (certificate.kind !== 'certificate') return;
    assert.equal(certificate.chain.length, chainLength);
    assert.deepEqual(checkChain(certificate.der, certificate.chain, { now: Date.now() }), { valid: true });
    return;
  }
  if (outcome === 'treat-as-absent') {
    assert.equal(certificate.kind, 'none');
  } else if (outcome === 'accept') {
    assert.equal(certificate.kind === 'certificate' && sha256Of(certificate.der), sha256);
  } else if (error === 'signature_invalid') {
    // Nothing but a chain tells: what verifies against the root is another certificate.
    assert.equal(certificate.kind, 'certificate');
    const [root] = decodePem(goldenBytes('pki/root.crt.pem').toString('latin1'), 'lines');
    assert.ok(root !== undefined && certificate.kind === 'certificate');
    const verdict = checkChain(certificate.der, [root], { now: Date.now() });
    assert.equal(!verdict.valid && verdict.fault, 'signature_invalid');
  } else {
    assert.ok(verificationDenial(certificate, false) !== undefined, JSON.stringify(certificate));
    if (one.id === REFUSED_FOR_LENGTH) checkNested(one);
    assert.equal(errorOf(certificate), one.id === REFUSED_FOR_LENGTH ? 'too_large' : error);
  }
}

function checkNested(one: NegativeCase): void {
  const [[, text] = ['', '']] = headersOf(one);
  assert.throws(() => readCertificateFields(Buffer.from(text, 'base64')), { code: 'der_malformed' });
}

/** In the file's own words. */
function errorOf(certificate: PresentedCertificate): string | undefined {
  if (certificate.kind === 'certificate' && certificate.verification !== 'verified') return 'not_verified';
  return certificate.kind === 'unreadable' ? certificate.fault : undefined;
}

/**
 * The same bytes through a real server: it refuses, or what it lets through is judged no milder. Node takes the blanks
 * around a value away, by which the padded certificate becomes itself again, and too short to be refused for its length.
 */
async function checkOverTheWire(
  one: NegativeCase,
  headers: [string, string][],
  forms: EnabledForm[],
): Promise<void> {
  const bytes = requestWith(headers);
  const isLong = bytes.length > 16 * 1024;
  if (isLong) assert.equal((await byDefault.replay(bytes)).status, 431);
  const { status, rawHeaders } = await withOurLimit.replay(bytes);
  assert.equal(status, bytes.length > 128 * 1024 ? 431 : 200);
  if (rawHeaders === undefined || one.id === 'header-64k-valid') return;
  checkOutcome(one, readCertificateHeaders(rawHeaders, forms, one.peer === undefined).certificate);
}

async function checkProxy(one: NegativeCase, bytes: Buffer): Promise<void> {
  if (one.expect.error === 'http_400') {
    assert.equal((await byDefault.replay(bytes)).status, 400);
    return;
  }
  checkOutcome(one, readProxyCertificate(bytes));
}
