import { scramKeysFor } from '../../engine/secrets/keep-password.ts';
import type { SecretSchemes } from '../../engine/secrets/secret-schemes.ts';
import type { FollowUp } from '../../model/decision.ts';
import type { NewSecret } from '../../model/device.ts';

/** What follows from logins, as the storage does it. Doing it again changes nothing. */
export interface LoginStore {
  /** Ends whatever waits for the first use of this row or secret. */
  endOnFirstUse(rowId: string, secretId: string | undefined, now: number): Promise<void>;
  /**
   * Keeps a password in another form.
   * @param needsUpgrade of the stored hash, which may have been upgraded by another process.
   */
  upgrade(upgrade: PasswordUpgrade, needsUpgrade: (hash: string) => boolean): Promise<void>;
}

export interface PasswordUpgrade {
  readonly rowId: string;
  /** The secret whose password it is; absent where the password stood in the value in plain text, as `plain`. */
  readonly secretId: string | undefined;
  readonly plain: string;
  readonly secret: NewSecret;
}

/** Logins that were granted and lead to something. Plain data, so that one process can do it for all. */
export interface AfterLogin {
  /** Never throws; what cannot be done now is done after a later login. */
  follow(followUp: FollowUp, password: string): Promise<void>;
}

export interface AfterLoginParts {
  readonly store: LoginStore;
  readonly secrets: Pick<SecretSchemes, 'hashChosenWhenIdle' | 'needsUpgrade' | 'scramKeys'>;
  readonly scramIterations: number;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Rows at a time; more logins than this lead to nothing for the moment. */
const MOST_UNDER_WAY = 64;

/**
 * Does what follows from logins behind their backs: ends what a rotation replaced, and brings passwords to today's form. A
 * row is at work once at a time. A hash is made only while no login waits for one.
 */
export function createAfterLogin(parts: AfterLoginParts): AfterLogin {
  const underWay = new Set<string>();

  async function upgrade({ rowId, secretId }: FollowUp, password: string): Promise<void> {
    const { secrets, store } = parts;
    const hash = await secrets.hashChosenWhenIdle(password);
    if (hash === undefined) return;
    const scramKeys = await scramKeysFor(password, parts.scramIterations, secrets.scramKeys);
    const secret: NewSecret = { hash, scramKeys };
    await store.upgrade({ rowId, secretId, plain: password, secret }, secrets.needsUpgrade);
  }

  return {
    async follow(followUp, password) {
      const { rowId, secretId, ends, outdated } = followUp;
      if (underWay.has(rowId) || underWay.size >= MOST_UNDER_WAY) return;
      underWay.add(rowId);
      try {
        if (ends) await parts.store.endOnFirstUse(rowId, secretId, parts.now());
        if (outdated && password !== '') await upgrade(followUp, password);
      } catch (error) {
        parts.onError(error);
      } finally {
        underWay.delete(rowId);
      }
    },
  };
}
