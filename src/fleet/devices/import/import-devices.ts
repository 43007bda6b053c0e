import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { ImportedDevice, ImportItem } from './import-item.ts';
import { type LineReport, type Reporter, refusal } from './import-report.ts';
import type { DeviceChange, ImportStore } from './import-store.ts';
import type { SecretKeeper } from './keep-secret.ts';
import { type DevicePlan, type PreparedDevice, periodOf, planDevice } from './plan-device.ts';
import { prepareCredentials } from './prepare-device.ts';

export interface ImportOptions {
  /** Identifies the import in the audit trail. */
  readonly importId: string;
  readonly format: string;
  /** For new devices whose record names no profile. */
  readonly defaultProfile: string;
  /** A device has one credential: the record's replaces the others. */
  readonly oneCredential: boolean;
  /** Report everything and write nothing. */
  readonly dryRun: boolean;
  /** Records per transaction. Default: {@link DEFAULT_BATCH_SIZE}. */
  readonly batchSize?: number;
  /** Pause after each batch, as a multiple of the batch's duration, to let other work run. Default: no pause. */
  readonly pauseFactor?: number;
}

/** Large enough to be fast, small enough that nobody waits for the write lock. */
const DEFAULT_BATCH_SIZE = 250;
/** Limit of the pause: a batch with passwords takes long, but mostly in other threads. */
const MAX_PAUSE_MS = 100;
/** Attempts per batch. If somebody else changes the same devices meanwhile, the batch is planned again. */
const MAX_ATTEMPTS = 5;

/**
 * Imports devices in batches. Each batch is written completely or not at all. Refused records do not stop the
 * others, and records that match their device change nothing.
 * @throws if the database fails; all previous batches are written then.
 */
export async function importDevices(
  items: AsyncIterable<ImportItem>,
  { store, keeper, report }: { store: ImportStore; keeper: SecretKeeper; report: Reporter },
  request: ImportOptions,
): Promise<void> {
  let batch = new Batch();
  for await (const item of items) {
    if (item.kind === 'problem') report(refusal(item.line, item.error));
    else if (item.kind === 'device') {
      const prepared = await prepare(item);
      if (typeof prepared === 'string') report(refusal(item.line, prepared, item.deviceName));
      else {
        // Records on which this one depends must be written first.
        if (batch.dependsOn(prepared) || batch.size === (request.batchSize ?? DEFAULT_BATCH_SIZE))
          await flush();
        batch.add(prepared);
      }
    }
  }
  await flush();

  async function prepare(device: ImportedDevice): Promise<PreparedDevice | string> {
    const credentials = device.credentials && prepareCredentials(device.credentials);
    if (typeof credentials === 'string') return credentials;
    const profileName = device.origin?.profile.name ?? device.profileName ?? request.defaultProfile;
    return { device, credentials, profileId: undefined, profileName };
  }

  async function flush(): Promise<void> {
    const begun = performance.now();
    const { devices } = batch;
    batch = new Batch();
    for (let attempt = 1; devices.length > 0; attempt++) {
      const reports = await attemptBatch(devices);
      if (reports !== undefined) {
        for (const one of reports) report(one);
        break;
      }
      if (attempt === MAX_ATTEMPTS)
        throw new Error('the devices of a batch kept changing during the import; run the import again');
    }
    // SQLite's driver works in the event loop, which serves other requests too.
    const pauseMs = (request.pauseFactor ?? 0) * (performance.now() - begun);
    await (pauseMs > 0 ? wait(Math.min(pauseMs, MAX_PAUSE_MS)) : nextTurn());
  }

  async function attemptBatch(devices: readonly PreparedDevice[]): Promise<LineReport[] | undefined> {
    const known = await store.known({
      names: devices.map(({ device }) => device.deviceName),
      ids: devices.flatMap(({ device }) => device.origin?.id ?? []),
      credentialsIds: devices.flatMap(({ credentials }) => credentials?.credentialsId ?? []),
    });
    const reports: LineReport[] = [];
    const changes = await Promise.all(
      devices.map(async (one) => {
        const withProfile = await findProfile(one);
        const plan: DevicePlan =
          typeof withProfile === 'string'
            ? { outcome: 'refused', why: withProfile }
            : await planDevice(withProfile, known, keeper, request.oneCredential);
        reports.push(toReport(one.device, plan));
        if (request.dryRun || typeof withProfile === 'string') return undefined;
        return plan.outcome === 'created' || plan.outcome === 'updated'
          ? toChange(withProfile, plan)
          : undefined;
      }),
    );
    reports.sort((one, other) => one.line - other.line);
    const made = changes.filter((change) => change !== undefined);
    if (made.length === 0) return reports;
    const count = (outcome: string) => reports.filter((one) => one.outcome === outcome).length;
    const written = await store.write(made, {
      importId: request.importId,
      format: request.format,
      firstLine: reports[0]?.line ?? 0,
      lastLine: reports.at(-1)?.line ?? 0,
      created: count('created'),
      updated: count('updated'),
    });
    return written ? reports : undefined;
  }

  async function findProfile(one: PreparedDevice): Promise<PreparedDevice | string> {
    const { origin } = one.device;
    if (origin === undefined)
      return { ...one, profileId: await store.profile(one.profileName, request.dryRun) };
    const brought = await store.importProfile(origin.profile, request.dryRun);
    return typeof brought === 'string' ? brought : { ...one, profileId: brought.id };
  }

  async function toChange(
    { device, profileId, profileName }: PreparedDevice,
    { create, update, add, overwrite, period }: Extract<DevicePlan, { outcome: 'created' | 'updated' }>,
  ): Promise<DeviceChange> {
    return {
      create: create && {
        ...create,
        name: device.deviceName,
        label: device.label,
        createdTime: device.origin?.createdTime ?? Date.now(),
        profileId: profileId as string,
        profileName,
      },
      update,
      add: add && {
        ...(await keeper.store(add.credentials)),
        deviceId: add.deviceId,
        replaceOthers: add.replaceOthers,
        period: periodOf(device),
      },
      overwrite: overwrite && { ...(await keeper.store(overwrite.credentials)), rowId: overwrite.rowId },
      period,
    };
  }
}

/** Records that do not depend on each other. */
class Batch {
  readonly devices: PreparedDevice[] = [];
  readonly #taken = new Set<string>();

  get size(): number {
    return this.devices.length;
  }

  dependsOn(prepared: PreparedDevice): boolean {
    return keysOf(prepared).some((key) => this.#taken.has(key));
  }

  add(prepared: PreparedDevice): void {
    this.devices.push(prepared);
    for (const key of keysOf(prepared)) this.#taken.add(key);
  }
}

function keysOf({ device, credentials }: PreparedDevice): string[] {
  return [
    `name ${device.deviceName}`,
    ...(device.origin === undefined ? [] : [`id ${device.origin.id}`]),
    ...(credentials === undefined ? [] : [`credentials ${credentials.credentialsId}`]),
  ];
}

function toReport({ line, deviceName, warnings }: ImportedDevice, plan: DevicePlan): LineReport {
  if (plan.outcome === 'refused') return refusal(line, plan.why, deviceName);
  const detail = plan.outcome === 'unchanged' ? undefined : plan.detail;
  return { line, outcome: plan.outcome, device: deviceName, detail, warnings };
}
