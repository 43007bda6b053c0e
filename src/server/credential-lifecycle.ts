import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { createKeepPassword } from '../engine/secrets/keep-password.ts';
import { createSecretSchemes, type SecretSchemes } from '../engine/secrets/secret-schemes.ts';
import { type AfterLogin, createAfterLogin } from '../fleet/devices/after-login.ts';
import type { CredentialsServiceOptions } from '../fleet/devices/credentials-service.ts';
import type { FollowUp } from '../model/decision.ts';
import type { DatabaseClient } from '../storage/connections/prisma.ts';
import { LoginRepository } from '../storage/repositories/credentials/login-repository.ts';
import { createErrorLog } from './logging/error-log.ts';
import type { Methods, ProcessGroup } from './process-group/group.ts';

/** How passwords are kept and credentials follow one another, in a running server. */
export interface CredentialLifecycle {
  readonly secrets: SecretSchemes;
  readonly service: CredentialsServiceOptions & { readonly oneCredentialPerDevice: boolean };
  /** Whether a stored hash is to be made anew at a good login; absent where none is. */
  readonly needsUpgrade: ((hash: string) => boolean) | undefined;
  /** Does what follows from a login, in the process that writes; returns at once. */
  afterLogin(followUp: FollowUp, password: string | undefined): void;
  close(): Promise<void>;
}

const AFTER_LOGIN: Methods<AfterLogin> = { follow: true };

export function openCredentialLifecycle(
  { credentialLifecycle }: Config,
  client: DatabaseClient,
  processes: ProcessGroup,
  log: Logger,
): CredentialLifecycle {
  const { passwords, overlapMs, oneCredentialPerDevice } = credentialLifecycle;
  const secrets = createSecretSchemes({ chosen: passwords.chosen });
  const logins = new LoginRepository(client);
  const onError = createErrorLog(log, 'what follows from a login could not be done');
  const own = createAfterLogin({
    store: logins,
    secrets,
    scramIterations: passwords.scramIterations,
    now: Date.now,
    onError,
  });
  const afterLogin = processes.inPrimary('after_login', own, AFTER_LOGIN);
  return {
    secrets,
    service: {
      keepPassword: createKeepPassword(secrets, passwords.scramIterations),
      overlapMs,
      oneCredentialPerDevice,
      now: Date.now,
    },
    needsUpgrade: passwords.upgrade ? secrets.needsUpgrade : undefined,
    afterLogin(followUp, password = '') {
      afterLogin.follow(followUp, password).catch(onError);
    },
    close: () => secrets.close(),
  };
}
