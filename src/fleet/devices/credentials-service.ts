import { randomUUID } from 'node:crypto';
import type { KeepPassword } from '../../engine/secrets/keep-password.ts';
import type { AuditAction, AuditNote } from '../../model/audit.ts';
import type {
  CredentialsEntry,
  CredentialsType,
  DeviceEntry,
  NewCredentials,
  Window,
} from '../../model/device.ts';
import { isThingPassError, ThingPassError } from '../../model/errors.ts';
import { certificateDigest } from './certificate-digest.ts';
import { deviceOf } from './device-service.ts';
import type { CredentialsStep, DeviceStore } from './device-store.ts';
import { type CredentialsRequest, makeCredentials, type ShownSecret } from './new-credentials.ts';
import { newPassword, type RotationRequest, requestFor, typeOf } from './rotation-request.ts';
import { plainPasswordOf } from './stored-password.ts';
import {
  hasEnded,
  type Overlap,
  type Succession,
  succeedCredentials,
  succeedPassword,
  withoutEnded,
} from './succession.ts';

/** Which credentials of a device are meant, and what they were when somebody decided so. */
export interface WhichCredentials {
  /** The credentials' own id; needed only where the device has several that could be meant. */
  readonly credentials?: string | undefined;
  /** Their `version`; where it is another by now, nothing is done. */
  readonly version?: number | undefined;
}

/** How long what is replaced still holds. */
export interface OverlapOptions {
  /** Milliseconds; the configured overlap when absent, and 0 for not at all. */
  readonly overlapMs?: number | undefined;
  /** It ends earlier, once the new one is used successfully. */
  readonly endsOnFirstUse?: boolean | undefined;
}

export interface Rotated {
  readonly device: DeviceEntry;
  /** The new ones, or those with a new password. */
  readonly credentials: CredentialsEntry;
  readonly secret: ShownSecret | undefined;
  /** Until when the previous holds; `undefined`: it was replaced at once. */
  readonly overlap: Overlap | undefined;
  /** Those that ended at once, as they were; what had ended before is among them. */
  readonly ended: readonly CredentialsEntry[];
}

export interface CredentialsServiceOptions {
  readonly keepPassword: KeepPassword;
  readonly overlapMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** So many others may be first, one after the other. */
const TRIES = 8;

/**
 * The life of what devices prove themselves with. Every change is one transaction, with its audit event, that fails where
 * somebody else changed the device meanwhile; it is thought over then, unless a `version` was given that no longer holds.
 */
export class CredentialsService {
  readonly #devices: DeviceStore;
  readonly #options: CredentialsServiceOptions;

  constructor(devices: DeviceStore, options: CredentialsServiceOptions) {
    this.#devices = devices;
    this.#options = options;
  }

  /**
   * Puts other credentials in the place of all that the device has, at once.
   * @throws {ThingPassError}
   */
  async set(idOrName: string, request: CredentialsRequest, which: WhichCredentials = {}): Promise<Rotated> {
    const { credentials, secret } = await makeCredentials(request, this.#options.keepPassword);
    return this.#change(idOrName, (device) => {
      const meant = which.credentials === undefined ? [...device.credentials] : [pick(device, which)];
      checkVersion(meant, which);
      const succession = succeedCredentials(device, meant, credentials, undefined);
      return { ...succession, secret, action: 'credentials.replaced', detail: describe(credentials) };
    });
  }

  /**
   * One more credential; those that the device has stay.
   * @throws {ThingPassError} `one_credential_per_device` where it may have one only.
   */
  async add(
    idOrName: string,
    request: CredentialsRequest,
    window: Omit<Window, 'endsOnFirstUseOf'> = {},
  ): Promise<Rotated> {
    const { credentials, secret } = await makeCredentials(request, this.#options.keepPassword);
    return this.#change(idOrName, () => {
      const rowId = randomUUID();
      return {
        steps: [{ do: 'create', rowId, credentials: { ...credentials, window } }],
        rowId,
        secret,
        action: 'credentials.added',
        detail: describe(credentials),
      };
    });
  }

  /**
   * Another token, password or certificate for the same purpose. The old one holds for the overlap; of tokens and
   * certificates that is one more credential, of passwords a second secret under the same credentials id.
   * @throws {ThingPassError} `credentials_ambiguous` where several could be meant; `credentials_invalid` where the
   * wish does not go with the credentials.
   */
  async rotate(
    idOrName: string,
    request: RotationRequest & WhichCredentials & OverlapOptions = {},
  ): Promise<Rotated> {
    const made = newPassword(request);
    const type = typeOf(request);
    const { keepPassword } = this.#options;
    return this.#change(idOrName, async (device, now) => {
      const row = pick(device, request, type);
      if (type !== undefined && row.credentialsType !== type)
        throw new ThingPassError('credentials_invalid', `the credentials are of type ${row.credentialsType}`);
      checkVersion([row], request);
      const overlap = this.#overlap(request, [row], now);
      const detail = { ...describe(row), ...describeOverlap(overlap) };
      if (row.credentialsType === 'MQTT_BASIC') {
        const old = plainPasswordOf(row);
        // Nothing to hold on to: any password was accepted.
        const meanwhile = old === undefined && row.secrets.length === 0 ? undefined : overlap;
        const kept =
          old === undefined || meanwhile === undefined ? undefined : await keepPassword(old, false);
        const secret = await keepPassword(made.value, made.made);
        const succession = succeedPassword(row, secret, kept, meanwhile);
        return { ...succession, secret: made, overlap: meanwhile, action: 'credentials.rotated', detail };
      }
      const { credentials, secret } = await makeCredentials(requestFor(row, request), keepPassword);
      const succession = succeedCredentials(device, [row], credentials, overlap);
      return { ...succession, secret, overlap, action: 'credentials.rotated', detail };
    });
  }

  /**
   * Credentials of another kind, such as a gateway's certificate after its token. Both are valid for the overlap.
   * @param which by default, all that the device has end.
   * @throws {ThingPassError}
   */
  async switchTo(
    idOrName: string,
    request: CredentialsRequest,
    which: WhichCredentials & OverlapOptions = {},
  ): Promise<Rotated> {
    const { credentials, secret } = await makeCredentials(request, this.#options.keepPassword);
    return this.#change(idOrName, (device, now) => {
      const meant = which.credentials === undefined ? device.credentials : [pick(device, which)];
      checkVersion(meant, which);
      const overlap = this.#overlap(which, meant, now);
      const succession = succeedCredentials(device, meant, credentials, overlap);
      const detail = { ...describe(credentials), ...describeOverlap(overlap) };
      return { ...succession, secret, overlap, action: 'credentials.switched', detail };
    });
  }

  /**
   * Ends credentials at once: those that are named, or all that the device has. Certificates go on the deny list as well: a
   * certificate profile would let them in again.
   * @returns the device as it was, and what was revoked.
   * @throws {ThingPassError}
   */
  async revoke(
    idOrName: string,
    which: WhichCredentials = {},
  ): Promise<{ readonly device: DeviceEntry; readonly revoked: readonly CredentialsEntry[] }> {
    let revoked: readonly CredentialsEntry[] = [];
    const device = await this.#apply(idOrName, (before) => {
      revoked = which.credentials === undefined ? before.credentials : [pick(before, which)];
      checkVersion(revoked, which);
      const steps = revoked.flatMap((row): CredentialsStep[] => {
        const sha256 = row.credentialsType === 'X509_CERTIFICATE' ? certificateDigest(row) : undefined;
        const denied: CredentialsStep[] = sha256 === undefined ? [] : [{ do: 'deny_certificate', sha256 }];
        return [{ do: 'remove', rowId: row.id }, ...denied];
      });
      const detail = { credentialsTypes: revoked.map(({ credentialsType }) => credentialsType) };
      return { steps, action: 'credentials.revoked', detail };
    });
    return { device, revoked };
  }

  /** `undefined`: what is replaced ends at once, since it has ended already, or one credential is all a device may have. */
  #overlap(request: OverlapOptions, replaced: readonly Window[], now: number): Overlap | undefined {
    const { overlapMs = this.#options.overlapMs, endsOnFirstUse: onFirstUse = false } = request;
    const over = replaced.every((one) => hasEnded(one, now));
    if (overlapMs === 0 || this.#devices.oneCredentialPerDevice || over) return undefined;
    return { endsAt: now + overlapMs, onFirstUse };
  }

  async #change(
    idOrName: string,
    think: (device: DeviceEntry, now: number) => ThoughtOfSuccession | Promise<ThoughtOfSuccession>,
  ): Promise<Rotated> {
    let thought: ThoughtOfSuccession | undefined;
    const before = await this.#apply(idOrName, async (found) => {
      const now = this.#options.now();
      // Named credentials are found even where they ended; what is done to them says what becomes of them.
      const { device, steps } = withoutEnded(found, now);
      thought = await think(device, now);
      return { ...thought, steps: [...steps, ...thought.steps] };
    });
    const { rowId, secret, overlap } = thought as ThoughtOfSuccession;
    const device = await deviceOf(this.#devices, before.id);
    const credentials = device.credentials.find(({ id }) => id === rowId);
    // Replaced by somebody else in the blink of an eye.
    if (credentials === undefined) throw new ThingPassError('version_conflict');
    const versions = new Map(device.credentials.map(({ id, version }) => [id, version]));
    const ended = before.credentials.filter(
      ({ id, version }) => !versions.has(id) || (overlap === undefined && versions.get(id) !== version),
    );
    return { device, credentials, secret, overlap, ended };
  }

  async #apply(
    idOrName: string,
    think: (device: DeviceEntry) => Thought | Promise<Thought>,
  ): Promise<DeviceEntry> {
    for (let attempt = 1; ; attempt++) {
      const device = await deviceOf(this.#devices, idOrName);
      try {
        await this.#devices.changeCredentials(device, await think(device));
        return device;
      } catch (error) {
        if (!isThingPassError(error, 'version_conflict')) throw error;
        if (attempt === TRIES)
          throw new ThingPassError('not_possible', 'others change the device all the time: try again later');
      }
    }
  }
}

interface Thought {
  readonly steps: readonly CredentialsStep[];
  readonly action: AuditAction;
  readonly detail: AuditNote['detail'];
}

type ThoughtOfSuccession = Thought &
  Succession & { readonly secret: ShownSecret | undefined; readonly overlap?: Overlap | undefined };

/** @throws {ThingPassError} `credentials_not_found` and `credentials_ambiguous`. */
function pick(
  device: DeviceEntry,
  { credentials: wanted }: WhichCredentials,
  type?: CredentialsType,
): CredentialsEntry {
  if (wanted !== undefined) {
    const row = device.credentials.find(({ id }) => id === wanted);
    if (row !== undefined) return row;
    throw new ThingPassError('credentials_not_found', 'the device has no such credentials');
  }
  const could = device.credentials.filter((row) => type === undefined || row.credentialsType === type);
  // Of those that follow one another the last one is meant.
  const last = could.at(-1);
  if (last === undefined)
    throw new ThingPassError('credentials_not_found', 'the device has no credentials of this kind');
  if (could.every(({ credentialsType }) => credentialsType === last.credentialsType)) return last;
  throw new ThingPassError(
    'credentials_ambiguous',
    'the device has credentials of several kinds: say which ones by their id',
  );
}

function checkVersion(meant: readonly CredentialsEntry[], { version }: WhichCredentials): void {
  if (version === undefined || (meant.length === 1 && meant[0]?.version === version)) return;
  throw new ThingPassError(
    'precondition_failed',
    'the credentials are not what they were when they were read',
  );
}

/** For the audit trail: what, never which. */
function describe({ credentialsType }: Pick<NewCredentials, 'credentialsType'>): {
  readonly credentialsType: string;
} {
  return { credentialsType };
}

function describeOverlap(overlap: Overlap | undefined): {
  readonly previousEnds: string;
  readonly onFirstUse?: boolean;
} {
  if (overlap === undefined) return { previousEnds: 'at once' };
  return { previousEnds: new Date(overlap.endsAt).toISOString(), onFirstUse: overlap.onFirstUse };
}
