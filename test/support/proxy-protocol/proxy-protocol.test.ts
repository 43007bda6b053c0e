import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePem } from '../../../src/engine/certificates/text/decode.ts';
import { detail } from '../../engine/certificates/support/outcome.ts';
import { goldenBytes } from '../golden.ts';
import { decodeProxyHeader } from './decode.ts';
import { readProxyCertificate } from './form.ts';

const [leaf = Buffer.alloc(0)] = decodePem(goldenBytes('pki/chain3.crt.pem').toString('latin1'), 'lines');

/** A version 2 header over IPv4 with these TLVs. */
function proxyHeader(...values: [type: number, value: Buffer][]): Buffer {
  const tlvs = values.map(([type, value]) =>
    Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]),
  );
  const rest = Buffer.concat([Buffer.from('7f0000017f000001c350075b', 'hex'), ...tlvs]);
  const fixed = Buffer.from('0d0a0d0a000d0a515549540a21110000', 'hex');
  fixed.writeUInt16BE(rest.length, 14);
  return Buffer.concat([fixed, rest]);
}

function tls(flags: number, verify: number, ...values: [type: number, value: Buffer][]): [number, Buffer] {
  const head = Buffer.from([flags, 0, 0, 0, verify]);
  const tlvs = values.map(([type, value]) =>
    Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]),
  );
  return [0x20, Buffer.concat([head, ...tlvs])];
}

test('PROXY protocol v2: verified takes a flag and a zero', () => {
  const commonName: [number, Buffer] = [0x22, Buffer.from('meter')];
  const certificate: [number, Buffer] = [0x28, leaf];
  const read = (...values: [number, Buffer][]) => detail(readProxyCertificate(proxyHeader(...values)));
  assert.equal(read(), 'none');
  assert.equal(read(tls(0x01, 0)), 'none');
  assert.equal(read(tls(0x01, 1)), 'none');
  assert.equal(read(tls(0x03, 0, commonName)), 'name');
  assert.equal(read(tls(0x05, 0, commonName)), 'name');
  assert.equal(read(tls(0x07, 0)), 'withheld');
  assert.equal(read(tls(0x07, 10, commonName)), 'not_verified');
  assert.equal(read(tls(0x07, 0, commonName, certificate)), 'verified');
  assert.equal(read(tls(0x07, 10, commonName, certificate)), 'failed');
  assert.equal(read(tls(0x01, 0, certificate)), 'proxy_protocol_malformed');
  assert.equal(read(tls(0x07, 0, commonName, commonName)), 'proxy_protocol_malformed');
  assert.equal(read(tls(0x07, 0), tls(0x07, 0)), 'proxy_protocol_malformed');
  assert.equal(read(tls(0x07, 0, [0x22, Buffer.from('ff', 'hex')])), 'malformed_field');
});

test('PROXY protocol v2: addresses, length, checksum', () => {
  const bytes = goldenBytes('captures/forwarded-certificates/haproxy/proxy-v2--p256.http');
  const header = decodeProxyHeader(bytes);
  assert.equal(header.source?.address, '127.0.0.1');
  assert.equal(bytes.subarray(header.length, header.length + 4).toString(), 'GET ');
  // HAProxy sends a CRC32c; one bit elsewhere, and it no longer fits.
  const flipped = Buffer.from(bytes);
  flipped[20] = (flipped[20] ?? 0) ^ 1;
  assert.equal(detail(readProxyCertificate(flipped)), 'proxy_protocol_malformed');
  for (let length = 0; length < header.length; length++) {
    assert.equal(detail(readProxyCertificate(bytes.subarray(0, length))), 'proxy_protocol_malformed');
  }
  const local = proxyHeader(tls(0x07, 0, [0x28, leaf]));
  local[12] = 0x20;
  assert.equal(detail(readProxyCertificate(local)), 'none');
});
