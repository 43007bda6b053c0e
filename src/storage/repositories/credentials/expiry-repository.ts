import { createHash } from 'node:crypto';
import { formatName } from '../../../engine/certificates/x509/name.ts';
import {
  byEnd,
  type Expiring,
  type ExpiringQuery,
  type ExpiryStore,
  type WatchedAuthority,
} from '../../../fleet/devices/expiry/expiring.ts';
import type { CredentialsType } from '../../../model/device.ts';
import { isUuid } from '../../../util/uuid.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { profileCertificates } from '../profiles/provision-profile.ts';
import { readCertificate } from './certificate-name-rows.ts';

/** Certificates that are read in one transaction where their ends are not known yet. */
const BATCH = 100;

type Row = Prisma.DeviceCredentialsGetPayload<{
  include: { window: true; validity: true; secrets: { select: { id: true; notAfter: true } } };
}>;

/** What runs out, by the ends that are stored with credentials, secrets and certificates. */
export class ExpiryRepository implements ExpiryStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  async expiring(query: ExpiringQuery): Promise<Expiring[]> {
    const prisma = this.#prisma;
    const take = query.limit;
    const [windows, validities, secrets] = await Promise.all([
      prisma.credentialsWindow.findMany({
        where: within(query, 'deviceCredentialsId'),
        take,
        orderBy: [{ notAfter: 'asc' }, { deviceCredentialsId: 'asc' }],
      }),
      prisma.certificateValidity.findMany({
        where: within(query, 'deviceCredentialsId'),
        take,
        orderBy: [{ notAfter: 'asc' }, { deviceCredentialsId: 'asc' }],
      }),
      prisma.credentialsSecret.findMany({
        where: within(query, 'id'),
        take,
        orderBy: [{ notAfter: 'asc' }, { id: 'asc' }],
        select: { id: true, deviceCredentialsId: true, notAfter: true },
      }),
    ]);
    // Where a certificate and its window end at one time, a place in the order belongs to one of them only.
    const whole = new Map(validities.map((one) => [one.deviceCredentialsId, one.notAfter]));
    const ends = [
      ...validities.map((one) => ({ ...one, kind: 'certificate', id: one.deviceCredentialsId }) as const),
      ...windows
        .filter((one) => whole.get(one.deviceCredentialsId) !== one.notAfter)
        .map((one) => ({ ...one, kind: 'credentials', id: one.deviceCredentialsId }) as const),
      ...secrets.map((one) => ({ ...one, kind: 'secret' }) as const),
    ]
      .map(({ kind, id, deviceCredentialsId, notAfter }) => ({
        kind,
        id,
        rowId: deviceCredentialsId,
        endsAt: Number(notAfter),
      }))
      .sort(byEnd)
      .slice(0, take);
    return this.#complete(ends);
  }

  async authorities(): Promise<WatchedAuthority[]> {
    const [bundled, profiles] = await Promise.all([
      this.#prisma.caBundleCertificate.findMany({
        select: { bundle: true, sha256: true, subject: true, notAfter: true },
      }),
      this.#prisma.deviceProfile.findMany({
        where: { provisionType: 'X509_CERTIFICATE_CHAIN' },
        select: { name: true, profileData: true },
      }),
    ]);
    return [
      ...bundled.map(({ bundle, sha256, subject, notAfter }) => ({
        sha256,
        subject,
        notAfter: Number(notAfter),
        usedBy: [`ca_bundle:${bundle}`],
      })),
      ...profiles.flatMap(({ name, profileData }) =>
        profileCertificates(profileData).map(({ sha256, subject, notAfter }) => ({
          sha256,
          subject: formatName(subject),
          notAfter,
          usedBy: [`profile:${name ?? ''}`],
        })),
      ),
    ];
  }

  /**
   * Reads the ends of certificates that were saved by other means than ours, or by an older version.
   * @returns how many were read.
   */
  async recordMissingValidities(): Promise<number> {
    const prisma = this.#prisma;
    for (let recorded = 0; ; ) {
      const rows = await prisma.deviceCredentials.findMany({
        where: { credentialsType: 'X509_CERTIFICATE', validity: null },
        select: { id: true, credentialsValue: true },
        take: BATCH,
      });
      if (rows.length === 0) return recorded;
      const writes = rows.map(({ id, credentialsValue }) => {
        const certificate = readCertificate(credentialsValue ?? '');
        const columns = {
          notBefore: certificate === undefined ? null : BigInt(certificate.notBefore),
          notAfter: certificate === undefined ? null : BigInt(certificate.notAfter),
        };
        return prisma.certificateValidity.upsert({
          where: { deviceCredentialsId: id },
          update: {},
          create: { deviceCredentialsId: id, ...columns },
        });
      });
      await retryWhileBusy(() => prisma.$transaction(writes));
      recorded += rows.length;
    }
  }

  async #complete(
    ends: readonly {
      kind: Exclude<Expiring['kind'], 'authority'>;
      id: string;
      rowId: string;
      endsAt: number;
    }[],
  ): Promise<Expiring[]> {
    const include = {
      window: true,
      validity: true,
      secrets: { select: { id: true, notAfter: true } },
    } as const;
    const own = await this.#prisma.deviceCredentials.findMany({
      where: { id: { in: ends.map(({ rowId }) => rowId) } },
      select: { id: true, deviceId: true },
    });
    const deviceIds = own.flatMap(({ deviceId }) => (deviceId === null ? [] : [deviceId]));
    const [rows, devices] = await Promise.all([
      this.#prisma.deviceCredentials.findMany({ where: { deviceId: { in: deviceIds } }, include }),
      this.#prisma.device.findMany({ where: { id: { in: deviceIds } }, select: { id: true, name: true } }),
    ]);
    const names = new Map(devices.map(({ id, name }) => [id, name ?? '']));
    return ends.map(({ kind, id, rowId, endsAt }): Expiring => {
      const row = rows.find((one) => one.id === rowId);
      const name = names.get(row?.deviceId ?? '');
      // Left behind by a device that is gone: nobody is locked out.
      if (row === undefined || name === undefined) return { kind, id, endsAt, replaced: true };
      const device = { id: row.deviceId as string, name };
      const others = rows.filter((one) => one.deviceId === row.deviceId && one.id !== rowId);
      const replaced =
        others.some((one) => endOf(one) > endsAt) ||
        (kind === 'secret' && row.secrets.some((one) => timeOf(one.notAfter) > endsAt));
      const credentialsType = row.credentialsType as CredentialsType;
      return { kind, id, endsAt, replaced, credentialsType, device, certificateSha256: sha256Of(row) };
    });
  }
}

function sha256Of({ credentialsType, credentialsValue }: Row): string | undefined {
  if (credentialsType !== 'X509_CERTIFICATE' || credentialsValue === null) return undefined;
  return createHash('sha256').update(Buffer.from(credentialsValue, 'base64')).digest('hex');
}

/** Until when a credential lets its device in. */
function endOf({ window, validity, secrets }: Row): number {
  const lasting =
    secrets.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...secrets.map((one) => timeOf(one.notAfter)));
  return Math.min(timeOf(window?.notAfter), timeOf(validity?.notAfter), lasting);
}

function timeOf(notAfter: bigint | null | undefined): number {
  return notAfter === null || notAfter === undefined ? Number.POSITIVE_INFINITY : Number(notAfter);
}

/** @param id the column by which rows with the same end are told apart. */
function within({ from, until, after }: ExpiringQuery, id: 'id' | 'deviceCredentialsId') {
  const between = { notAfter: { gte: BigInt(from), lt: BigInt(until) } };
  if (after === undefined) return between;
  const endsAt = BigInt(after.endsAt);
  // Behind an authority's digest as text come the ids that begin with greater digits: a hyphen is less than any digit.
  const gt = isUuid(after.id) ? after.id : `${after.id.slice(0, 8)}-ffff-ffff-ffff-ffffffffffff`;
  const where = {
    AND: [between, { OR: [{ notAfter: { gt: endsAt } }, { notAfter: endsAt, [id]: { gt } }] }],
  };
  return where as unknown as typeof between;
}
