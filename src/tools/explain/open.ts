import { pino } from 'pino';
import type { Config } from '../../config/config.ts';
import type { ChainProvisioning } from '../../engine/credentials/certificate/certificate-chain.ts';
import { createPassports } from '../../engine/credentials/passport.ts';
import { createScramDecoys } from '../../engine/credentials/scram-decoy.ts';
import { createVerifySecret } from '../../engine/credentials/verify-secret.ts';
import { createDecider } from '../../engine/deciding/decider.ts';
import { createSecretSchemes } from '../../engine/secrets/secret-schemes.ts';
import type { Explainer, InForce } from '../../server/management/explanation.ts';
import { putRulesInForce } from '../../server/rules-in-force.ts';
import { openTrustTables } from '../../server/trust-in-force.ts';
import { endpointSettings } from '../../server/webhooks/endpoint-settings.ts';
import { databaseClient } from '../../storage/connections/prisma.ts';
import { openNames } from '../../storage/reading/certificate-name-reader.ts';
import { openScramKeysReader } from '../../storage/reading/scram-keys-reader.ts';
import { openStorage } from '../../storage/reading/storage.ts';
import { openUncachedCredentials } from '../../storage/reading/uncached-credentials.ts';
import { DeviceRepository } from '../../storage/repositories/devices/device-repository.ts';
import { openChains } from '../../storage/repositories/profiles/open-chains.ts';
import { lazy } from '../../util/lazy.ts';
import { type ExplainParts, explain } from './explain.ts';

/**
 * The deciding code with ports that write nothing: no follow-up of a login, no device made or renewed by a certificate chain, no
 * hash brought up to date, nothing counted, no line in the log. Credentials are read past the server's cache, and passwords are
 * verified outside its queue and its cache, so that explaining makes no client wait, and changes nothing.
 * @param config of a migrated database.
 */
export function openExplainer(config: Config, inForce: InForce): Explainer {
  const { database, thingsboard, storage, skipCertificateDates } = config;
  const credentials = openUncachedCredentials(database, thingsboard?.location, storage.budgetMs);
  const secrets = createSecretSchemes();
  const passports = createPassports(inForce.passportKey);
  // Fastify is not needed to explain neutral questions.
  const webhooks = lazy(async () => (await import('./asked-webhooks.ts')).openAskedWebhooks(config));
  const parts: ExplainParts = {
    credentials,
    settingsOf: (dialect) => endpointSettings(dialect, config.brokers[dialect.broker]),
    deciderOver: (store) =>
      createDecider({
        credentials: store,
        verifySecret: createVerifySecret(secrets.schemes),
        passports,
        rules: inForce.rules,
        skipCertificateDates,
        provisioning: withoutWriting(inForce.chains),
        names: inForce.names,
        trust: {
          check: (subject, profileId, deviceId) =>
            inForce.lists.trust.check(subject, profileId, deviceId, 'silently'),
        },
        denyList: inForce.lists.denyList,
        scram: { store: inForce.scramKeys, decoy: createScramDecoys(inForce.passportKey) },
        now: Date.now,
        onError: () => undefined,
      }),
    webhooks: webhooks.open,
    async credentialsOf(name) {
      const device = await inForce.findDevice(name);
      return device?.credentials.map(({ credentialsType }) => credentialsType);
    },
    blockOf: inForce.blockOf,
  };
  return {
    explain: (asked) => explain(parts, asked),
    async close() {
      await webhooks.close();
      await secrets.close();
      await credentials.close();
    },
  };
}

/** Explains on the configured database, without a server. One that is not there is made, as by every command. */
export async function withExplainer<Result>(
  config: Config,
  run: (explainer: Explainer) => Promise<Result>,
): Promise<Result> {
  const { database, thingsboard } = config;
  const location = thingsboard?.location;
  const budgetMs = config.storage.budgetMs;
  const log = pino({ level: 'silent' });
  const opened: (() => unknown)[] = [];
  try {
    const storage = await openStorage(database, { ...config.storage, thingsboard });
    opened.push(() => storage.close());
    const rules = await putRulesInForce(config.rulesFile, storage, log);
    opened.push(() => rules.close());
    const lists = await openTrustTables(config, storage, log);
    opened.push(() => lists.close());
    const client = databaseClient(database);
    opened.push(() => client.close());
    const thingsboardClient = location && databaseClient(location, { readOnly: true });
    opened.push(() => thingsboardClient?.close());
    const names = openNames(database, location, budgetMs);
    opened.push(() => names.close());
    const scramKeys = openScramKeysReader(database, budgetMs);
    opened.push(() => scramKeys.close());
    const explainer = openExplainer(config, {
      passportKey: storage.passportKey,
      rules: () => rules.current(),
      lists,
      chains: openChains(client, thingsboardClient),
      names,
      scramKeys,
      findDevice: async (name) => new DeviceRepository(await client.open()).find(name),
    });
    opened.push(() => explainer.close());
    return await run(explainer);
  } finally {
    for (const close of opened.reverse()) await close();
  }
}

/** What it would write is taken for written, so that the decision is the one that the client would get. */
function withoutWriting(chains: ChainProvisioning): ChainProvisioning {
  return {
    findProfiles: (keys) => chains.findProfiles(keys),
    findDevice: (profile, name) => chains.findDevice(profile, name),
    create: async () => true,
    renew: async () => true,
  };
}
