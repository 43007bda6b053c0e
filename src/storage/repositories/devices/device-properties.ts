import type { Actor } from '../../../model/audit.ts';
import type { PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { auditWrite } from '../audit-repository.ts';
import { ensureProfile } from '../profiles/profile-rows.ts';
import { takenByDevice } from '../taken-by-device.ts';
import { OWN_TENANT } from '../tenant.ts';

/** What a device is, apart from its credentials. */
export interface DeviceProperties {
  readonly name: string;
  /** Created if it does not exist. */
  readonly profileName: string;
  readonly label: string | undefined;
  readonly gateway: boolean;
}

/**
 * Makes a device be so, whether it was there or not: doing it again changes nothing. A new one has no credentials yet.
 * @param id a UUID, in lower case.
 * @throws {ThingPassError} `name_taken` when another device has the name.
 */
export async function putDevice(
  prisma: PrismaClient,
  id: string,
  { name, profileName, label, gateway }: DeviceProperties,
  actor: Actor,
): Promise<'created' | 'replaced'> {
  const known = await prisma.device.findUnique({ where: { id }, select: { additionalInfo: true } });
  const data = {
    name,
    label: label ?? null,
    type: profileName,
    deviceProfileId: await ensureProfile(prisma, profileName),
    additionalInfo: withGateway(known?.additionalInfo ?? null, gateway),
  };
  const created = { ...data, id, tenantId: OWN_TENANT, createdTime: BigInt(Date.now()) };
  try {
    await retryWhileBusy(() =>
      prisma.$transaction([
        known === null
          ? prisma.device.create({ data: created })
          : prisma.device.update({ where: { id }, data: { ...data, version: { increment: 1 } } }),
        auditWrite(prisma, actor, {
          action: known === null ? 'device.created' : 'device.updated',
          subjectType: 'device',
          subjectId: id,
          detail: { name, profile: profileName, label: label ?? null, gateway },
        }),
      ]),
    );
  } catch (error) {
    const { code } = error as { code?: string };
    // Deleted in between: then it is made.
    if (code === 'P2025') return putDevice(prisma, id, { name, profileName, label, gateway }, actor);
    if (code !== 'P2002') throw error;
    const takenBy = await prisma.device.findUnique({
      where: { tenantId_name: { tenantId: OWN_TENANT, name } },
      select: { id: true, name: true },
    });
    // Somebody made the very same device in between: then this is a replacement.
    if (takenBy === null || takenBy.id === id)
      return putDevice(prisma, id, { name, profileName, label, gateway }, actor);
    throw takenByDevice('name_taken', { id: takenBy.id, name });
  }
  return known === null ? 'created' : 'replaced';
}

/** `additional_info` with its `gateway` set; what else ThingsBoard keeps there stays. */
function withGateway(additionalInfo: string | null, gateway: boolean): string | null {
  let members: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(additionalInfo ?? '{}');
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      members = parsed as Record<string, unknown>;
  } catch {
    // What cannot be read is no loss.
  }
  const { gateway: _, ...others } = members;
  const wanted = gateway ? { ...others, gateway: true } : others;
  return Object.keys(wanted).length === 0 ? null : JSON.stringify(wanted);
}
