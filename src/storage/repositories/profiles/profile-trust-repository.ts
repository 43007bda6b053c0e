import { TRUST_RULES, type TrustPolicy } from '../../../engine/certificates/trust/policy.ts';
import type { Actor } from '../../../model/audit.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { readPolicy } from '../../reading/trust-tables.ts';
import { auditWrite } from '../audit-repository.ts';

/** A profile with its own policy. */
export interface ProfileTrustEntry {
  readonly profileId: string;
  /** Rules that it does not name are as the installation has them. */
  readonly policy: Partial<TrustPolicy>;
}

/**
 * What profiles ask of certificates where that is not what the installation asks. The profile may be ThingsBoard's own, of which
 * our tables know nothing. A trigger tells every process of a change.
 */
export class ProfileTrustRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** By the profile's id. */
  async list(): Promise<ProfileTrustEntry[]> {
    const rows = await this.#prisma.profileTrust.findMany({ orderBy: { profileId: 'asc' } });
    return rows.map((row) => ({ profileId: row.profileId, policy: readPolicy(row) }));
  }

  /** Empty where the profile asks what the installation asks. */
  async find(profileId: string): Promise<Partial<TrustPolicy>> {
    const row = await this.#prisma.profileTrust.findUnique({ where: { profileId } });
    return row === null ? {} : readPolicy(row);
  }

  /** Sets a profile's whole policy; an empty one removes it. */
  async put(profileId: string, policy: Partial<TrustPolicy>, actor: Actor): Promise<void> {
    const data = Object.fromEntries(TRUST_RULES.map((rule) => [rule, policy[rule] ?? null]));
    const isNone = TRUST_RULES.every((rule) => policy[rule] === undefined);
    const write: Prisma.PrismaPromise<unknown> = isNone
      ? this.#prisma.profileTrust.deleteMany({ where: { profileId } })
      : this.#prisma.profileTrust.upsert({
          where: { profileId },
          create: { profileId, ...data },
          update: data,
        });
    const note = auditWrite(this.#prisma, actor, {
      action: 'profile.trust_changed',
      subjectType: 'profile',
      subjectId: profileId,
      detail: data,
    });
    await retryWhileBusy(() => this.#prisma.$transaction([write, note]));
  }
}
