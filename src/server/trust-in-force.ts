import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { openTrust, type Trust } from '../engine/certificates/trust/trust.ts';
import { createTrustLog } from '../engine/certificates/trust/trust-log.ts';
import type { DenyList } from '../engine/credentials/deny-list.ts';
import { configInvalid, isThingPassError } from '../model/errors.ts';
import type { Storage } from '../storage/reading/storage.ts';
import { copyDenyList, copyProfilePolicies } from '../storage/reading/trust-tables.ts';
import { createErrorLog } from './logging/error-log.ts';

export interface TrustTables {
  readonly trust: Trust;
  readonly denyList: () => DenyList | undefined;
  readonly close: () => Promise<void>;
}

/**
 * What is denied, and what is asked of certificates beyond ThingsBoard's rules.
 * @throws {ThingPassError} `config_invalid` when the file of authorities cannot be used.
 */
export async function openTrustTables(config: Config, storage: Storage, log: Logger): Promise<TrustTables> {
  const opened: { close(): unknown }[] = [];
  const onError = createErrorLog(log, 'a list cannot be read; what was there before stays in force');
  try {
    const denied = await copyDenyList(config.database, { storage, onError });
    opened.push(denied);
    const policies = await copyProfilePolicies(config.database, { storage, onError });
    opened.push(policies);
    const trust = await openTrust({
      config: config.trust,
      skipDates: config.skipCertificateDates,
      log: createTrustLog(log),
      profilePolicies: () => policies.current(),
    });
    opened.push(trust);
    return { trust, denyList: () => denied.current(), close: () => closeEach(opened) };
  } catch (error) {
    await closeEach(opened);
    if (!isThingPassError(error, 'authorities_unusable')) throw error;
    throw configInvalid([`THINGPASS_CLIENT_CA_FILE (${config.trust.authoritiesFile}): ${error.message}`]);
  }
}

async function closeEach(opened: readonly { close(): unknown }[]): Promise<void> {
  for (const one of opened) await one.close();
}
