import { pino } from 'pino';
import { switchOnForms } from '../brokers/check-forms.ts';
import type { Dialect } from '../brokers/dialect.ts';
import type { Config } from '../config.ts';
import type { ChainProvisioning } from '../credentials/certificate-chain.ts';
import { createPassports } from '../credentials/passport.ts';
import { createScramDecoys } from '../credentials/scram-decoy.ts';
import { createVerifySecret } from '../credentials/verify-secret.ts';
import { createDecider, type DeciderSettings } from '../decider.ts';
import { putRulesInForce } from '../operations/rules-in-force.ts';
import { openTrustTables } from '../operations/trust-in-force.ts';
import { createSecretSchemes } from '../secrets/secret-schemes.ts';
import { openNames } from '../storage/certificate-name-reader.ts';
import { DeviceRepository } from '../storage/device-repository.ts';
import { openChains } from '../storage/open-chains.ts';
import { openScramKeysReader } from '../storage/scram-keys-reader.ts';
import { openStorage } from '../storage/storage.ts';
import type { ExplainParts } from './explain.ts';

/** The server's settings of a broker, as its endpoints decide by them. @throws {Error} for a form that it cannot bring. */
export function settingsOf(dialect: Dialect, { brokers }: Config): DeciderSettings {
  const settings = brokers[dialect.broker];
  const { carriesPassport = false, tellsRights = false } = dialect;
  const headerForms = switchOnForms(dialect, settings.certificateForms, settings.formSettings);
  return { ...settings, carriesPassport, tellsRights, headerForms };
}

/**
 * The deciding code on the configured database, with ports that write nothing: no follow-up of a login, no device made or
 * renewed by a certificate chain, no hash brought up to date, no line in the log. A database that is not there is made, as by
 * every command.
 */
export async function withExplaining<Result>(
  config: Config,
  run: (parts: ExplainParts) => Promise<Result>,
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
    const secrets = createSecretSchemes();
    opened.push(() => secrets.close());
    const chains = openChains(database, location);
    opened.push(() => chains.close());
    const names = openNames(database, location, budgetMs);
    opened.push(() => names.close());
    const scramKeys = openScramKeysReader(database, budgetMs);
    opened.push(() => scramKeys.close());
    const devices = await DeviceRepository.open(database);
    opened.push(() => devices.close());
    const passports = createPassports(storage.passportKey);
    return await run({
      credentials: storage.credentials,
      deciderOver: (credentials) =>
        createDecider({
          credentials,
          verifySecret: createVerifySecret(secrets.schemes),
          passports,
          rules: () => rules.current(),
          skipCertificateDates: config.skipCertificateDates,
          provisioning: withoutWriting(chains),
          names,
          trust: lists.trust,
          denyList: () => lists.denyList(),
          scram: { store: scramKeys, decoy: createScramDecoys(storage.passportKey) },
          now: Date.now,
          onError: () => undefined,
        }),
      async credentialsOf(name) {
        const device = await devices.find(name);
        return device?.credentials.map(({ credentialsType }) => credentialsType);
      },
    });
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
