import type { KeepPassword } from '../../../engine/secrets/keep-password.ts';
import type { SecretSchemes } from '../../../engine/secrets/secret-schemes.ts';
import type { RuleService } from '../rule-service.ts';
import { type ImportOptions, importDevices } from './import-devices.ts';
import type { ImportItem } from './import-item.ts';
import { type Counts, counting, type Reporter } from './import-report.ts';
import { importRules, type RuleImportOptions, type RuleOwners } from './import-rules.ts';
import type { ImportStore } from './import-store.ts';
import { createSecretKeeper, type PasswordKind } from './keep-secret.ts';

/** The dependencies of an import. */
export interface ImportDependencies {
  readonly store: ImportStore & RuleOwners & ImportRecord;
  readonly rules: RuleService;
  readonly schemes: SecretSchemes['schemes'];
  readonly keepPassword: KeepPassword;
  readonly report: Reporter;
}

/** Records the start and end of an import. */
interface ImportRecord {
  record(
    importId: string,
    event: 'started' | 'finished',
    detail: Readonly<Record<string, string | number>>,
  ): Promise<void>;
}

export type RunImportOptions = ImportOptions &
  Omit<RuleImportOptions, 'dryRun'> & { readonly passwords: PasswordKind };

/**
 * Imports a file or database, and records start and end in the audit trail, except in a dry run.
 * @throws {DeviceProblem} for too many rules; any error of the database.
 */
export async function runImport(
  items: AsyncIterable<ImportItem>,
  { store, rules, schemes, keepPassword, report }: ImportDependencies,
  request: RunImportOptions,
): Promise<Counts> {
  const { importId, format, dryRun, passwords } = request;
  const counted = counting(report);
  if (!dryRun) await store.record(importId, 'started', { format });
  if (format === 'mosquitto-acl') {
    await importRules(items, { rules, owners: store, report: counted.report }, request);
  } else {
    const keeper = createSecretKeeper(schemes, keepPassword, passwords);
    await importDevices(items, { store, keeper, report: counted.report }, request);
  }
  if (!dryRun) await store.record(importId, 'finished', { format, ...counted.counts });
  return counted.counts;
}
