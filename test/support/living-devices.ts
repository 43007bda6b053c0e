import { setTimeout as sleep } from 'node:timers/promises';
import { compileRules } from '../../src/engine/access/rule-set.ts';
import { createPassports } from '../../src/engine/credentials/passport.ts';
import { createVerifySecret } from '../../src/engine/credentials/verify-secret.ts';
import { createDecider } from '../../src/engine/deciding/decider.ts';
import { createKeepPassword } from '../../src/engine/secrets/keep-password.ts';
import { createSecretSchemes } from '../../src/engine/secrets/secret-schemes.ts';
import { createAfterLogin } from '../../src/fleet/devices/after-login.ts';
import { CredentialsService } from '../../src/fleet/devices/credentials-service.ts';
import { DeviceService } from '../../src/fleet/devices/device-service.ts';
import type { DatabaseLocation } from '../../src/storage/connections/database-url.ts';
import { databaseClient } from '../../src/storage/connections/prisma.ts';
import { openStorage } from '../../src/storage/reading/storage.ts';
import { LoginRepository } from '../../src/storage/repositories/credentials/login-repository.ts';
import { OpenedDevices } from './prisma.ts';
import { startWebhooks } from './server.ts';

export const DAY_MS = 24 * 60 * 60 * 1_000;

/** What EMQX sends about a client, as far as these tests need it; a certificate as Base64 of its DER. */
interface EmqxClient {
  readonly username?: string;
  readonly password?: string;
  readonly clientid?: string;
  readonly cert_pem?: string;
}

interface Said {
  readonly result: 'allow' | 'deny' | 'ignore';
  /** Epoch seconds. */
  readonly expire_at?: number;
}

/** A server on a real database, asked as EMQX asks, by a clock that the test moves. */
export interface LivingDevices {
  readonly repository: OpenedDevices;
  readonly devices: DeviceService;
  readonly credentials: CredentialsService;
  /** Epoch milliseconds. */
  readonly clock: { now: number };
  connect(client: EmqxClient): Promise<Said>;
  /** Asks again until that is the answer: a cache may forget a second late, and logins lead to something behind their backs. */
  becomes(client: EmqxClient, result: Said['result']): Promise<Said>;
  close(): Promise<void>;
}

export async function startLivingDevices(
  location: DatabaseLocation,
  { oneCredentialPerDevice = false, upgrade = true } = {},
): Promise<LivingDevices> {
  const storage = await openStorage(location);
  const clock = { now: Date.UTC(2027, 0, 1) };
  const now = () => clock.now;
  const secrets = createSecretSchemes({ chosen: { scheme: 'scrypt', ln: 4, r: 8, p: 1 } });
  const client = databaseClient(location);
  const logins = new LoginRepository(client);
  const afterLogin = createAfterLogin({
    store: logins,
    secrets,
    scramIterations: 0,
    now,
    onError: (error) => {
      throw error;
    },
  });
  const decider = createDecider({
    credentials: storage.credentials,
    verifySecret: createVerifySecret(secrets.schemes, upgrade ? secrets.needsUpgrade : undefined),
    passports: createPassports(storage.passportKey),
    rules: () => compileRules([]),
    skipCertificateDates: false,
    afterLogin: (followUp, password = '') => void afterLogin.follow(followUp, password),
    now,
    onError: (error) => console.error(error),
  });
  const server = await startWebhooks(decider, {
    THINGPASS_SECRET_EMQX: 'the secret of these tests',
    THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_cert_pem',
    THINGPASS_UNCHECKED_CERTIFICATES: 'emqx:emqx_cert_pem',
  });
  const repository = await OpenedDevices.open(location, { oneCredentialPerDevice });
  const keepPassword = createKeepPassword(secrets);

  async function connect(client: EmqxClient): Promise<Said> {
    const response = await fetch(`${server.url}/emqx/authentication`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-thingpass-secret': 'the secret of these tests' },
      body: JSON.stringify({ clientid: 'any', ...client }),
    });
    return (await response.json()) as Said;
  }

  return {
    repository,
    clock,
    connect,
    devices: new DeviceService(repository, keepPassword),
    credentials: new CredentialsService(repository, { keepPassword, overlapMs: 7 * DAY_MS, now }),
    async becomes(client, result) {
      for (let tries = 0; ; tries++) {
        const detail = await connect(client);
        if (detail.result === result) return detail;
        if (tries === 40) throw new Error(`${JSON.stringify(detail)} instead of ${result}`);
        await sleep(50);
      }
    },
    async close() {
      await server.close();
      await repository.close();
      await client.close();
      await secrets.close();
      await storage.close();
    },
  };
}
