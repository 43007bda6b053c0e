import type { BundledCertificate, BundleFetch, CaBundleStore } from '../../fleet/ca-bundles/bundle.ts';
import type { Actor, AuditNote } from '../../model/audit.ts';
import type { Prisma, PrismaClient } from '../connections/prisma.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { auditWrite } from './audit-repository.ts';

/** Named bundles of authorities' certificates, and which node fetched what of them. */
export class CaBundleRepository implements CaBundleStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** The names of all bundles. */
  async names(): Promise<string[]> {
    const rows = await this.#prisma.caBundleCertificate.findMany({
      distinct: ['bundle'],
      select: { bundle: true },
      orderBy: { bundle: 'asc' },
    });
    return rows.map(({ bundle }) => bundle);
  }

  /** The certificates of a bundle; empty when it does not exist. */
  async certificates(bundle: string): Promise<BundledCertificate[]> {
    const rows = await this.#prisma.caBundleCertificate.findMany({
      where: { bundle },
      orderBy: { sha256: 'asc' },
    });
    return rows.map(({ sha256, subject, notAfter, pem }) => ({
      sha256,
      subject,
      pem,
      notAfter: Number(notAfter),
    }));
  }

  async fetches(bundle: string): Promise<BundleFetch[]> {
    const rows = await this.#prisma.caBundleFetch.findMany({ where: { bundle }, orderBy: { node: 'asc' } });
    return rows.map(({ node, etag, fetchedTime }) => ({ node, etag, fetchedTime: Number(fetchedTime) }));
  }

  /** Adds certificates, creating the bundle if needed; those that are in it stay as they are. */
  async add(bundle: string, certificates: readonly BundledCertificate[], actor: Actor): Promise<void> {
    const createdTime = BigInt(Date.now());
    const writes = certificates.map(({ sha256, subject, notAfter, pem }) =>
      this.#prisma.caBundleCertificate.upsert({
        where: { bundle_sha256: { bundle, sha256 } },
        update: {},
        create: { bundle, sha256, createdTime, subject, notAfter: BigInt(notAfter), pem },
      }),
    );
    await this.#write(writes, actor, {
      action: 'ca_bundle.certificates_added',
      subjectType: 'ca_bundle',
      subjectId: bundle,
      detail: { certificates: certificates.map(({ sha256 }) => sha256) },
    });
  }

  /** Takes a certificate out of a bundle; false when it was not in it. */
  async retire(bundle: string, sha256: string, forced: boolean, actor: Actor): Promise<boolean> {
    const where = { bundle_sha256: { bundle, sha256 } };
    if ((await this.#prisma.caBundleCertificate.findUnique({ where })) === null) return false;
    await this.#write([this.#prisma.caBundleCertificate.deleteMany({ where: { bundle, sha256 } })], actor, {
      action: 'ca_bundle.certificate_retired',
      subjectType: 'ca_bundle',
      subjectId: bundle,
      detail: { certificate: sha256, forced },
    });
    return true;
  }

  /** Remembers what a node has; it is no change that anybody made, so the audit trail does not hold it. */
  async fetched(bundle: string, node: string, etag: string): Promise<void> {
    const fetchedTime = BigInt(Date.now());
    await retryWhileBusy(() =>
      this.#prisma.caBundleFetch.upsert({
        where: { bundle_node: { bundle, node } },
        update: { etag, fetchedTime },
        create: { bundle, node, etag, fetchedTime },
      }),
    );
  }

  /** Forgets a node that is no more; false when it was not known. */
  async forget(bundle: string, node: string, actor: Actor): Promise<boolean> {
    const where = { bundle_node: { bundle, node } };
    if ((await this.#prisma.caBundleFetch.findUnique({ where })) === null) return false;
    await this.#write([this.#prisma.caBundleFetch.deleteMany({ where: { bundle, node } })], actor, {
      action: 'ca_bundle.node_forgotten',
      subjectType: 'ca_bundle',
      subjectId: bundle,
      detail: { node },
    });
    return true;
  }

  async #write(
    writes: readonly Prisma.PrismaPromise<unknown>[],
    actor: Actor,
    note: AuditNote,
  ): Promise<void> {
    await retryWhileBusy(() => this.#prisma.$transaction([...writes, auditWrite(this.#prisma, actor, note)]));
  }
}
