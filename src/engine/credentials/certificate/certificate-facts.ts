import { isThingPassError } from '../../../model/errors.ts';
import type { PeerCertificate } from '../../../model/peer-certificate.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import { type ChainVerdict, checkChain } from '../../certificates/x509/chain.ts';
import { credentialsIdOf } from '../../certificates/x509/identity.ts';
import { type CertificateDates, datesOf, inspectCertificate } from '../../certificates/x509/inspect.ts';

/** What deciding asks of a certificate that is known by its hash. */
export interface CertificateFacts extends CertificateDates {
  /** The one common name, for topic rules; `undefined` where there are several or none. */
  readonly commonName: string | undefined;
}

/**
 * What was read, by credentials id, which is a hash of the DER: a certificate never changes, so nothing grows old. Reading
 * one costs ten times its hash, checking a chain a thousand times; fleets come back with the same ones. Some 200 bytes each.
 */
const facts = new BoundedMap<string, CertificateFacts>(50_000);
const chains = new BoundedMap<string, ChainVerdict>(20_000);

/**
 * @param id the credentials id of the DER.
 * @throws {ThingPassError} `certificate_unreadable` what cannot be read is not remembered.
 */
function factsOf(id: string, der: Uint8Array): CertificateFacts {
  return facts.getOrMake(id, () => ({ ...datesOf(der), commonName: onlyCommonName(der) }));
}

/** Names or extensions that cannot be read keep nobody out who is known by the hash. */
function onlyCommonName(der: Uint8Array): string | undefined {
  try {
    const { commonNames } = inspectCertificate(der);
    return commonNames.length === 1 ? commonNames[0] : undefined;
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return undefined;
    throw error;
  }
}

/** A leaf and what came with it, leaf first, and the credentials ids of all. */
export interface HashedChain {
  readonly ders: readonly [leaf: Uint8Array, ...chain: Uint8Array[]];
  readonly ids: readonly [leaf: string, ...chain: string[]];
}

export function hashedChain({ der, chain }: PeerCertificate): HashedChain {
  return { ders: [der, ...chain], ids: [credentialsIdOf(der), ...chain.map(credentialsIdOf)] };
}

/** The facts of one of them, the leaf being 0; `undefined` where it cannot be read. */
export function readableFacts({ ders, ids }: HashedChain, at: number): CertificateFacts | undefined {
  try {
    return factsOf(ids[at] as string, ders[at] as Uint8Array);
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return undefined;
    throw error;
  }
}

/** {@link checkChain} less the dates, remembered. */
export function structureOf({ ders, ids }: HashedChain): ChainVerdict {
  const [leaf, ...chain] = ders;
  return chains.getOrMake(ids.join(), () => checkChain(leaf, chain, { now: 0, skipDates: true }));
}
