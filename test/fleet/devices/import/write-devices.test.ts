import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createKeepPassword } from '../../../../src/engine/secrets/keep-password.ts';
import { createSecretSchemes } from '../../../../src/engine/secrets/secret-schemes.ts';
import { importDevices } from '../../../../src/fleet/devices/import/import-devices.ts';
import { createSecretKeeper, importQueue } from '../../../../src/fleet/devices/import/keep-secret.ts';
import { readImport } from '../../../../src/fleet/devices/import/read-import.ts';
import {
  EXPORT_FORMATS,
  type ExportFormat,
  writeDevices,
} from '../../../../src/fleet/devices/import/write-devices.ts';
import type { PrismaClient } from '../../../../src/storage/connections/prisma.ts';
import { migrate } from '../../../../src/storage/migrations/apply.ts';
import { exportDevices } from '../../../../src/storage/repositories/import/export-repository.ts';
import { ImportRepository } from '../../../../src/storage/repositories/import/import-repository.ts';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { goldenJson } from '../../../support/golden.ts';
import { openPrisma } from '../../../support/prisma.ts';

const { certificates } = goldenJson<{ certificates: Record<string, string> }>(
  'vectors/thingsboard/x509.json',
);

const DEVICES = [
  { name: 'a "quoted", name; with tab\u00e9', label: 'roof', gateway: true, accessToken: 'TOKEN_A' },
  { name: 'basic', profile: 'meters', clientId: 'c', userName: 'u', password: 'pass, "word"' },
  { name: 'certified', certificate: certificates.c1, notAfter: '2040-01-01T00:00:00.000Z' },
  { name: 'rotating', accessToken: 'TOKEN_1' },
  { name: 'rotating', accessToken: 'TOKEN_2' },
  ...Array.from({ length: 1_100 }, (_, index) => ({ name: `many-${index}`, accessToken: `MANY_${index}` })),
];

onEachDatabase((database) => {
  let prisma: PrismaClient;
  const secrets = createSecretSchemes({ queue: importQueue() });
  before(async () => {
    await migrate(database.location);
    prisma = await openPrisma(database.location);
    const text = DEVICES.map((device) => `${JSON.stringify(device)}\n`).join('');
    assert.deepEqual(await importing('jsonl', text), { created: DEVICES.length - 1, updated: 1 });
  });
  after(async () => {
    await prisma?.$disconnect();
    await secrets.close();
  });

  async function importing(format: ExportFormat, text: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    await importDevices(
      readImport(format, [text]),
      {
        store: new ImportRepository(prisma, database.location.kind, { name: 'test', origin: 'here' }),
        keeper: createSecretKeeper(secrets.schemes, createKeepPassword(secrets), 'chosen'),
        report: ({ outcome }) => {
          counts[outcome] = (counts[outcome] ?? 0) + 1;
        },
      },
      {
        importId: randomUUID(),
        format,
        defaultProfile: 'default',
        dryRun: false,
        oneCredential: false,
      },
    );
    return counts;
  }

  async function exported(format: ExportFormat, request: { secrets: boolean }): Promise<string> {
    let text = '';
    for await (const piece of writeDevices(format, exportDevices(prisma, request), request)) text += piece;
    return text;
  }

  for (const format of EXPORT_FORMATS) {
    test(`what was exported as ${format} is what an import finds there already`, async () => {
      const text = await exported(format, { secrets: true });
      assert.deepEqual(await importing(format, text), { unchanged: DEVICES.length });
      assert.doesNotMatch(text, /pass, "/);
      assert.ok(text.includes('TOKEN_A') && text.includes('$scrypt$'));
    });

    test(`without being asked for, no secret is exported as ${format}`, async () => {
      const text = await exported(format, { secrets: false });
      assert.doesNotMatch(text, /TOKEN_|MANY_|scrypt|MII|"u"|,u,/);
      assert.deepEqual(await importing(format, text), { unchanged: DEVICES.length - 1 });
    });
  }
});
