import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { ChainProvisioning } from '../engine/credentials/certificate/certificate-chain.ts';
import { BROKER_NAMES } from '../model/question.ts';
import { type DatabaseClient, databaseClient } from '../storage/connections/prisma.ts';
import { openNames } from '../storage/reading/certificate-name-reader.ts';
import { type ChainProfileKeys, openChainProfileKeys } from '../storage/reading/chain-profile-keys.ts';
import { openScramKeysReader, type ScramKeysReader } from '../storage/reading/scram-keys-reader.ts';
import { openStorage, type Storage } from '../storage/reading/storage.ts';
import { openChains } from '../storage/repositories/profiles/open-chains.ts';
import type { CleanupStack } from '../util/cleanup-stack.ts';
import { backfillCertificateNames } from './backfill-certificate-names.ts';
import { type CredentialLifecycle, openCredentialLifecycle } from './credential-lifecycle.ts';
import type { ProcessGroup } from './process-group/group.ts';
import { putRulesInForce, type RulesInForce } from './rules-in-force.ts';
import { openTrustTables, type TrustTables } from './trust-in-force.ts';

/** What decisions rest on. */
export interface DecisionInputs {
  readonly storage: Storage;
  /** Of our database. */
  readonly client: DatabaseClient;
  /** Of ThingsBoard's database, where it is read; it reads only. */
  readonly thingsboardClient: DatabaseClient | undefined;
  readonly rules: RulesInForce;
  readonly lists: TrustTables;
  readonly credentialLifecycle: CredentialLifecycle;
  readonly scramKeys: ScramKeysReader;
  /** Absent where a name alone identifies nobody. */
  readonly names: ReturnType<typeof openNames> | undefined;
  readonly chains: ChainProvisioning;
  /** Of each database. */
  readonly chainKeys: readonly ChainProfileKeys[];
}

/** @throws {ThingPassError} `config_invalid` for rules or authorities that cannot be used. */
export async function openDecisionInputs(
  config: Config,
  processes: ProcessGroup,
  log: Logger,
  cleanup: CleanupStack,
): Promise<DecisionInputs> {
  const { database, storage: settings, thingsboard } = config;
  const close = (opened: { close(): unknown }): unknown => opened.close();
  const storage = cleanup.add(await openStorage(database, { ...settings, thingsboard }), close);
  const client = cleanup.add(databaseClient(database), close);
  const thingsboardClient =
    thingsboard && cleanup.add(databaseClient(thingsboard.location, { readOnly: true }), close);
  const rules = cleanup.add(await putRulesInForce(config.rulesFile, storage, log), close);
  const lists = cleanup.add(await openTrustTables(config, storage, log), close);
  const credentialLifecycle = cleanup.add(openCredentialLifecycle(config, client, processes, log), close);
  const scramKeys = cleanup.add(openScramKeysReader(database, settings.budgetMs), close);
  const names = wantsNames(config)
    ? cleanup.add(openNames(database, thingsboard?.location, settings.budgetMs), close)
    : undefined;
  if (names !== undefined && processes.role !== 'worker')
    cleanup.add(backfillCertificateNames(client, log), (naming) => naming.stop());
  const chainKeys = [database, ...(thingsboard ? [thingsboard.location] : [])].map((location) =>
    cleanup.add(openChainProfileKeys(location, settings.budgetMs), close),
  );
  const chains = openChains(client, thingsboardClient);
  return {
    storage,
    client,
    thingsboardClient,
    rules,
    lists,
    credentialLifecycle,
    scramKeys,
    names,
    chains,
    chainKeys,
  };
}

/** Whether the name of a certificate alone identifies clients of any broker. */
function wantsNames(config: Config): boolean {
  return BROKER_NAMES.some((broker) => (config.brokers[broker].certificateNames ?? 'off') !== 'off');
}
