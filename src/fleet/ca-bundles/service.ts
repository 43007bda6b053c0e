import type { Actor } from '../../model/audit.ts';
import type { CaBundleStore } from './bundle.ts';
import {
  type BundledCertificate,
  type BundleFetch,
  bundleEtag,
  outdatedNodes,
  readBundledCertificates,
} from './bundle.ts';

/** A bundle and the nodes that fetch it. */
export interface CaBundle {
  readonly name: string;
  readonly etag: string;
  readonly certificates: readonly BundledCertificate[];
  readonly nodes: readonly (BundleFetch & { readonly upToDate: boolean })[];
}

/** The result of retiring a certificate. All but `retired` mean that it stays in the bundle. */
export type RetireResult =
  | { readonly done: 'retired' | 'not_found' | 'would_be_empty' }
  | { readonly done: 'nodes_lag'; readonly nodes: readonly string[] };

/** Returns the bundle with this name; `undefined` if it does not exist. */
export async function findCaBundle(bundles: CaBundleStore, name: string): Promise<CaBundle | undefined> {
  const certificates = await bundles.certificates(name);
  if (certificates.length === 0) return undefined;
  const etag = bundleEtag(certificates);
  const fetches = await bundles.fetches(name);
  const nodes = fetches.map((fetch) => ({ ...fetch, upToDate: fetch.etag === etag }));
  return { name, etag, certificates, nodes };
}

/**
 * Adds the certificates of a PEM text to a bundle.
 * @throws {ThingPassError} `ca_certificate_invalid` if one of them cannot be used; then none is added.
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
 * Removes a certificate from a bundle once every node has fetched the bundle with its successor: an outdated node
 * would trust only the retired authority. The last certificate always stays, because brokers do not start with an
 * empty file.
 * @param forced remove it although some nodes are outdated.
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
  const nodes = forced ? [] : outdatedNodes(certificates, await bundles.fetches(name));
  if (nodes.length > 0) return { done: 'nodes_lag', nodes };
  return { done: (await bundles.retire(name, sha256, forced, actor)) ? 'retired' : 'not_found' };
}
