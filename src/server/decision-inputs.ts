import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { ChainProvisioning } from '../engine/credentials/certificate-chain.ts';
import { BROKER_NAMES } from '../model/question.ts';
import { openNames } from '../storage/reading/certificate-name-reader.ts';
import { type ChainProfileKeys, openChainProfileKeys } from '../storage/reading/chain-profile-keys.ts';
import { openScramKeysReader, type ScramKeysReader } from '../storage/reading/scram-keys-reader.ts';
import { openStorage, type Storage } from '../storage/reading/storage.ts';
import { openChains } from '../storage/repositories/open-chains.ts';
import type { Closing } from '../util/cleanup-stack.ts';
import { nameTheUnnamed } from './backfill-certificate-names.ts';
import { type Life, openLife } from './credential-lifecycle.ts';
import type { Crew } from './process-group/group.ts';
import { putRulesInForce, type RulesInForce } from './rules-in-force.ts';
import { openTrustTables, type TrustTables } from './trust-in-force.ts';

/** What decisions rest on. */
export interface Grounds {
  readonly storage: Storage;
  readonly rules: RulesInForce;
  readonly lists: TrustTables;
  readonly life: Life;
  readonly scramKeys: ScramKeysReader;
  /** Absent where a name alone identifies nobody. */
  readonly names: ReturnType<typeof openNames> | undefined;
  readonly chains: ChainProvisioning;
  /** Of each database. */
  readonly chainKeys: readonly ChainProfileKeys[];
}

/** @throws {ConfigError} for rules or authorities that cannot be used. */
export async function openGrounds(
  config: Config,
  crew: Crew,
  log: Logger,
  closing: Closing,
): Promise<Grounds> {
  const { database, storage: settings, thingsboard } = config;
  const close = (opened: { close(): unknown }): unknown => opened.close();
  const storage = closing.add(await openStorage(database, { ...settings, thingsboard }), close);
  const rules = closing.add(await putRulesInForce(config.rulesFile, storage, log), close);
  const lists = closing.add(await openTrustTables(config, storage, log), close);
  const life = closing.add(openLife(config, crew, log), close);
  const scramKeys = closing.add(openScramKeysReader(database, settings.budgetMs), close);
  const names = wantsNames(config)
    ? closing.add(openNames(database, thingsboard?.location, settings.budgetMs), close)
    : undefined;
  if (names !== undefined && crew.role !== 'worker')
    closing.add(nameTheUnnamed(database, log), (naming) => naming.stop());
  const chainKeys = [database, ...(thingsboard ? [thingsboard.location] : [])].map((location) =>
    closing.add(openChainProfileKeys(location, settings.budgetMs), close),
  );
  const chains = closing.add(openChains(database, thingsboard?.location), close);
  return { storage, rules, lists, life, scramKeys, names, chains, chainKeys };
}

/** Whether the name of a certificate alone identifies clients of any broker. */
function wantsNames(config: Config): boolean {
  return BROKER_NAMES.some((broker) => (config.brokers[broker].certificateNames ?? 'off') !== 'off');
}
