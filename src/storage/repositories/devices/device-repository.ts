import { randomUUID } from 'node:crypto';
import type { CredentialsChange, DeviceStore } from '../../../fleet/devices/device-store.ts';
import { type Actor, type AuditNote, SERVER_ACTOR } from '../../../model/audit.ts';
import type { DeviceEntry, NewDevice } from '../../../model/device.ts';
import { ThingPassError } from '../../../model/errors.ts';
import { isUuid } from '../../../util/uuid.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import type { NamedDevice, ThingsBoardDevices } from '../../thingsboard/devices.ts';
import { auditWrite } from '../audit-repository.ts';
import { changeWrites, refuseSeveral } from '../credentials/credentials-change.ts';
import { createCredentials } from '../credentials/credentials-writes.ts';
import { ensureProfile } from '../profiles/profile-rows.ts';
import { takenByDevice } from '../taken-by-device.ts';
import { OWN_TENANT } from '../tenant.ts';
import { findDevice } from './device-rows.ts';

export interface DeviceRepositoryOptions {
  readonly oneCredentialPerDevice?: boolean | undefined;
  /** ThingsBoard's own devices, where its database is read before ours; they are never changed. */
  readonly thingsboard?: ThingsBoardDevices | undefined;
}

/**
 * Devices and their credentials in the database. Triggers leave the `change` row of every write in its transaction; the
 * event of the audit trail is one of the writes.
 */
export class DeviceRepository implements DeviceStore {
  readonly #prisma: PrismaClient;
  readonly #actor: Actor;
  /** As ThingsBoard has it: a change that leaves a device with several is refused. */
  readonly oneCredentialPerDevice: boolean;

  readonly #thingsboard: ThingsBoardDevices | undefined;

  constructor(prisma: PrismaClient, actor: Actor = SERVER_ACTOR, options: DeviceRepositoryOptions = {}) {
    this.#prisma = prisma;
    this.#actor = actor;
    this.oneCredentialPerDevice = options.oneCredentialPerDevice ?? false;
    this.#thingsboard = options.thingsboard;
  }

  /** The same devices, changed by this one from now on. */
  as(actor: Actor): DeviceRepository {
    const { oneCredentialPerDevice } = this;
    return new DeviceRepository(this.#prisma, actor, {
      oneCredentialPerDevice,
      thingsboard: this.#thingsboard,
    });
  }

  /** @throws {ThingPassError} `name_taken`, `credentials_taken`. */
  async create(device: NewDevice): Promise<DeviceEntry> {
    await this.#refuseHeldByThingsBoard([device.credentials.credentialsId]);
    const id = randomUUID();
    const now = BigInt(Date.now());
    const profile = await ensureProfile(this.#prisma, device.profileName);
    await this.#write(device.credentials.credentialsId, device.name, [
      this.#prisma.device.create({
        data: {
          id,
          createdTime: now,
          name: device.name,
          label: device.label ?? null,
          additionalInfo: device.additionalInfo ?? null,
          type: device.profileName,
          tenantId: OWN_TENANT,
          deviceProfileId: profile,
        },
      }),
      ...createCredentials(this.#prisma, {
        id: randomUUID(),
        createdTime: now,
        deviceId: id,
        ...device.credentials,
      }),
      this.#record({
        action: 'device.created',
        subjectType: 'device',
        subjectId: id,
        detail: {
          name: device.name,
          profile: device.profileName,
          credentialsType: device.credentials.credentialsType,
        },
      }),
    ]);
    return (await this.find(id)) as DeviceEntry;
  }

  /** The device with this id or, failing that, this name. */
  find(idOrName: string): Promise<DeviceEntry | undefined> {
    return findDevice(this.#prisma, idOrName);
  }

  /** ThingsBoard's own device with this id or name: it is there, and not ours to change. */
  async findThingsBoards(idOrName: string): Promise<NamedDevice | undefined> {
    return this.#thingsboard?.find(idOrName);
  }

  /** Removes the device with all its credentials; false when there was none. */
  async remove(id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    const device = await this.#prisma.device.findUnique({ where: { id }, select: { name: true } });
    if (device === null) return false;
    try {
      await retryWhileBusy(() =>
        this.#prisma.$transaction([
          // Fails where the device is gone, and holds back others who would delete it: `delete` does neither.
          this.#prisma.device.update({
            where: { id },
            data: { version: { increment: 1 } },
            select: { id: true },
          }),
          this.#prisma.deviceCredentials.deleteMany({ where: { deviceId: id } }),
          this.#prisma.device.deleteMany({ where: { id } }),
          this.#record({
            action: 'device.deleted',
            subjectType: 'device',
            subjectId: id,
            detail: { name: device.name },
          }),
        ]),
      );
      return true;
    } catch (error) {
      // Somebody else was first.
      if ((error as { code?: string }).code === 'P2025') return false;
      throw error;
    }
  }

  /**
   * Changes what a device proves itself with, all of it or nothing.
   * @throws {ThingPassError} `version_conflict` when the device is not what it was, `credentials_taken`,
   * `one_credential_per_device`.
   */
  async changeCredentials(device: DeviceEntry, { steps, action, detail }: CredentialsChange): Promise<void> {
    if (this.oneCredentialPerDevice) refuseSeveral(device, steps);
    const ids = steps.flatMap((step) => ('credentials' in step ? [step.credentials.credentialsId] : []));
    await this.#refuseHeldByThingsBoard(ids);
    await this.#write(ids[0], undefined, [
      ...changeWrites(this.#prisma, device, steps),
      this.#record({
        action,
        subjectType: 'device',
        subjectId: device.id,
        detail: { name: device.name, ...detail },
      }),
    ]);
  }

  /** ThingsBoard's are looked up first, so that its device would connect with what we wrote for ours. */
  async #refuseHeldByThingsBoard(credentialsIds: readonly string[]): Promise<void> {
    if (credentialsIds.length === 0) return;
    const takenBy = await this.#thingsboard?.holderOf(credentialsIds);
    if (takenBy !== undefined) throw takenByDevice('credentials_taken', takenBy);
  }

  #record(note: AuditNote): Prisma.PrismaPromise<unknown> {
    return auditWrite(this.#prisma, this.#actor, note);
  }

  async #write(
    credentialsId: string | undefined,
    deviceName: string | undefined,
    writes: Prisma.PrismaPromise<unknown>[],
  ): Promise<void> {
    try {
      await retryWhileBusy(() => this.#prisma.$transaction(writes));
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'P2025') throw new ThingPassError('version_conflict', 'the device was changed meanwhile');
      if (code !== 'P2002' || credentialsId === undefined) throw error;
      const row = await this.#prisma.deviceCredentials.findUnique({ where: { credentialsId } });
      const byCredentials = row?.deviceId ? await this.find(row.deviceId) : undefined;
      if (row !== null) throw takenByDevice('credentials_taken', byCredentials);
      throw takenByDevice('name_taken', deviceName === undefined ? undefined : await this.find(deviceName));
    }
  }
}
