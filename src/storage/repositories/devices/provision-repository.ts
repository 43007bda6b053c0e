import { randomUUID } from 'node:crypto';
import type { KeepPassword } from '../../../engine/secrets/keep-password.ts';
import {
  type NewProvisionDevice,
  PROVISION_STATE,
  PROVISIONED,
  type ProvisionDevice,
  type ProvisionProfile,
  type ProvisionStore,
} from '../../../fleet/devices/provision/provision-store.ts';
import { hidePassword } from '../../../fleet/devices/stored-password.ts';
import { type AuditAction, type AuditNote, SERVER_ACTOR } from '../../../model/audit.ts';
import type { CredentialsType } from '../../../model/device.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { auditWrite } from '../audit-repository.ts';
import { createCredentials } from '../credentials/credentials-writes.ts';
import { findProvisionProfile } from '../profiles/provision-profile.ts';

/**
 * Provisioning's tables. Every write is one array transaction that begins with a write; the unique indexes decide between
 * two at once, and triggers leave the `change` row of new credentials in the same transaction.
 */
export class ProvisionRepository implements ProvisionStore {
  readonly #prisma: PrismaClient;

  readonly #keepPassword: KeepPassword | undefined;

  /** @param keepPassword without it, passwords of new devices stay in the value, as ThingsBoard keeps them. */
  constructor(prisma: PrismaClient, keepPassword?: KeepPassword) {
    this.#prisma = prisma;
    this.#keepPassword = keepPassword;
  }

  findProfile(provisionDeviceKey: string): Promise<ProvisionProfile | undefined> {
    return findProvisionProfile(this.#prisma, provisionDeviceKey);
  }

  async findDevice(tenantId: string, name: string): Promise<ProvisionDevice | undefined> {
    const device = await this.#prisma.device.findUnique({
      where: { tenantId_name: { tenantId, name } },
      select: { id: true, deviceProfileId: true },
    });
    if (device === null) return undefined;
    const { id } = device;
    const [state, credentials] = await Promise.all([
      this.#prisma.serverAttribute.findUnique({
        where: { deviceId_key: { deviceId: id, key: PROVISION_STATE } },
      }),
      // During a rotation there are several; the newest is the one to stay.
      this.#prisma.deviceCredentials.findFirst({ where: { deviceId: id }, orderBy: { createdTime: 'desc' } }),
    ]);
    return {
      id,
      profileId: device.deviceProfileId,
      provisionState: state?.value,
      credentials:
        credentials === null
          ? undefined
          : {
              credentialsType: credentials.credentialsType as CredentialsType,
              credentialsId: credentials.credentialsId ?? '',
              credentialsValue: credentials.credentialsValue,
            },
    };
  }

  async createDevice({
    name,
    profile,
    additionalInfo,
    credentials: given,
  }: NewProvisionDevice): Promise<boolean> {
    const keep = this.#keepPassword;
    // A password that comes with the request is the device's own choice.
    const credentials = keep === undefined ? given : await hidePassword(given, false, keep);
    const id = randomUUID();
    const now = BigInt(Date.now());
    return this.#write([
      this.#prisma.device.create({
        data: {
          id,
          createdTime: now,
          name,
          additionalInfo: additionalInfo ?? null,
          type: profile.name,
          tenantId: profile.tenantId,
          deviceProfileId: profile.id,
        },
      }),
      ...createCredentials(this.#prisma, {
        ...credentials,
        id: randomUUID(),
        createdTime: now,
        deviceId: id,
      }),
      this.#markProvisioned(id),
      this.#record('device.created', id, { name, profile: profile.name, provisioned: 'key and secret' }),
    ]);
  }

  markProvisioned(deviceId: string): Promise<boolean> {
    return this.#write([this.#markProvisioned(deviceId), this.#record('device.claimed', deviceId, {})]);
  }

  #record(action: AuditAction, subjectId: string, detail: AuditNote['detail']) {
    return auditWrite(this.#prisma, SERVER_ACTOR, { action, subjectType: 'device', subjectId, detail });
  }

  #markProvisioned(deviceId: string) {
    const data = { deviceId, key: PROVISION_STATE, value: PROVISIONED };
    return this.#prisma.serverAttribute.create({ data });
  }

  async #write(writes: Prisma.PrismaPromise<unknown>[]): Promise<boolean> {
    try {
      await retryWhileBusy(() => this.#prisma.$transaction(writes));
      return true;
    } catch (error) {
      // Something of it exists already, and nothing was written.
      if ((error as { code?: string }).code === 'P2002') return false;
      throw error;
    }
  }
}
