import type { Actor } from '../../model/audit.ts';
import type { CaBundleStore } from './bundle.ts';
import {
  type BundledCertificate,
  type BundleFetch,
  bundleEtag,
  laggingNodes,
  readBundledCertificates,
} from './bundle.ts';

/** A bundle and the nodes that fetch it. */
export interface CaBundle {
  readonly name: string;
  readonly etag: string;
  readonly certificates: readonly BundledCertificate[];
  readonly nodes: readonly (BundleFetch & { readonly upToDate: boolean })[];
}

/** Why a certificate stays in its bundle. */
export type RetireResult =
  | { readonly done: 'retired' | 'not_found' | 'would_be_empty' }
  | { readonly done: 'nodes_lag'; readonly nodes: readonly string[] };

/** The bundle of this name, if there is one. */
export async function findCaBundle(bundles: CaBundleStore, name: string): Promise<CaBundle | undefined> {
  const certificates = await bundles.certificates(name);
  if (certificates.length === 0) return undefined;
  const etag = bundleEtag(certificates);
  const fetches = await bundles.fetches(name);
  const nodes = fetches.map((fetch) => ({ ...fetch, upToDate: fetch.etag === etag }));
  return { name, etag, certificates, nodes };
}

/**
 * Adds the certificates of a PEM text.
 * @throws {CertificatesRefused} when one of them cannot be used; then none is added.
 */
export async function addCertificates(
  bundles: CaBundleStore,
  name: string,
  pem: string,
  actor: Actor,
): Promise<void> {
  await bundles.add(name, readBundledCertificates(pem, Date.now()), actor);
}

/**
 * Takes a certificate out of a bundle once every node has the bundle with its successor: a node that has not would trust
 * nobody but the retired authority. Never the last one: brokers do not start with an empty file.
 */
export async function retireCertificate(
  bundles: CaBundleStore,
  name: string,
  sha256: string,
  forced: boolean,
  actor: Actor,
): Promise<RetireResult> {
  const certificates = await bundles.certificates(name);
  if (!certificates.some((one) => one.sha256 === sha256)) return { done: 'not_found' };
  if (certificates.length === 1) return { done: 'would_be_empty' };
  const nodes = forced ? [] : laggingNodes(certificates, await bundles.fetches(name));
  if (nodes.length > 0) return { done: 'nodes_lag', nodes };
  return { done: (await bundles.retire(name, sha256, forced, actor)) ? 'retired' : 'not_found' };
}
