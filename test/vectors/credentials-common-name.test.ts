import assert from 'node:assert/strict';
import { inspectCertificate } from '../../src/engine/certificates/x509/inspect.ts';
import { provisioningCommonName } from '../../src/engine/credentials/certificate/certificate-provisioning.ts';
import { findFirstGroup } from '../../src/engine/credentials/certificate/java-regex.ts';
import { derOf } from '../support/der-of.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';

interface Case {
  readonly certificate?: string;
  readonly commonName: string | null;
  readonly regex: string;
  readonly expected: { readonly ok: boolean; readonly deviceName: string | null };
}

const FILE = 'vectors/thingsboard/common-name.json';

goldenFile<Case>(
  FILE,
  () => goldenJson<{ cases: Case[] }>(FILE).cases,
  ({ certificate, commonName, regex, expected }) => {
    const name =
      certificate === undefined
        ? (commonName ?? undefined)
        : provisioningCommonName(inspectCertificate(derOf(certificate)).subject);
    assert.equal(name ?? null, commonName);
    const found = name === undefined ? undefined : findFirstGroup(regex, name);
    const group = found === undefined || 'problem' in found ? undefined : found.group;
    assert.deepEqual({ ok: group !== undefined, deviceName: group ?? null }, expected);
  },
);
