import { setImmediate as breathe } from 'node:timers/promises';
import {
  contentsOf,
  type Element,
  encodingOf,
  expectTag,
  MalformedDer,
  readChildren,
  readElement,
  readOid,
  TAG,
} from '../x509/der.ts';
import { readTime } from '../x509/der-text.ts';
import { urisIn } from '../x509/extensions.ts';
import { formatSerialNumber, type InspectedCertificate, opensslCertificate } from '../x509/inspect.ts';
import { type Name, nameKey, readName } from '../x509/name.ts';
import { isSignedBy, type Signed } from './signature.ts';

/** A certificate revocation list (RFC 5280 section 5), read and not yet believed. Times are epoch milliseconds. */
export interface RevocationList {
  readonly issuer: Name;
  readonly thisUpdate: number;
  /** Absent where the authority promises no next one: such a list does not expire. */
  readonly nextUpdate: number | undefined;
  /** Serial numbers as {@link InspectedCertificate.serialNumber} writes them. */
  readonly revoked: ReadonlySet<string>;
  /** A part of the authority's certificates only: those that name one of these URIs as their list's. */
  readonly partOf: readonly string[] | undefined;
  /** Of the authority's certificates only the devices' or only other authorities'. */
  readonly only: 'users' | 'authorities' | undefined;
  readonly signed: Signed;
}

/** The list cannot be used; the sentence is for the operator. */
export class RevocationListUnusable extends Error {
  override readonly name = 'RevocationListUnusable';
}

/** Longer ones are refused before they are read; some 450,000 revoked certificates fit in. */
export const MOST_LIST_BYTES = 16 * 1024 * 1024 - 1;
/** So many entries are read before other work gets its turn: some milliseconds. */
const ENTRIES_AT_ONCE = 20_000;
const EXTENSIONS = 0xa0;

const PEM = /-----BEGIN X509 CRL-----([\s\S]*?)-----END X509 CRL-----/g;

/**
 * The lists in a file or an answer: one in DER, or any number in PEM.
 * @throws {RevocationListUnusable}
 */
export async function readRevocationLists(bytes: Buffer): Promise<RevocationList[]> {
  if (bytes[0] === TAG.sequence) return [await readRevocationList(bytes)];
  const bodies = [...bytes.toString('latin1').matchAll(PEM)].map(([, body = '']) => body);
  if (bodies.length === 0) throw new RevocationListUnusable('no revocation list, neither DER nor PEM');
  const lists: RevocationList[] = [];
  for (const body of bodies) lists.push(await readRevocationList(Buffer.from(body, 'base64')));
  return lists;
}

async function readRevocationList(der: Buffer): Promise<RevocationList> {
  if (der.length > MOST_LIST_BYTES) throw new RevocationListUnusable('longer than 16 MiB');
  try {
    return await readParts(der);
  } catch (error) {
    if (error instanceof MalformedDer)
      throw new RevocationListUnusable(`no revocation list: ${error.message}`);
    throw error;
  }
}

async function readParts(der: Buffer): Promise<RevocationList> {
  const list = expectTag(readElement(der, 0, der.length), TAG.sequence, 'list');
  if (list.end !== der.length) throw new MalformedDer('bytes behind the list');
  const [tbs, algorithm, signature, ...others] = readChildren(der, list);
  if (others.length > 0) throw new MalformedDer('more than a list');
  const signatureBits = expectTag(signature, TAG.bitString, 'signature');

  const parts = readChildren(der, expectTag(tbs, TAG.sequence, 'tbsCertList'));
  if (parts[0]?.tag === TAG.integer) parts.shift();
  const inner = expectTag(parts.shift(), TAG.sequence, 'signature algorithm');
  const outer = expectTag(algorithm, TAG.sequence, 'signature algorithm');
  if (!Buffer.from(encodingOf(der, inner)).equals(encodingOf(der, outer)))
    throw new MalformedDer('two signature algorithms');
  const issuer = readName(der, expectTag(parts.shift(), TAG.sequence, 'issuer'));
  const thisUpdate = readTime(der, parts.shift() ?? missing('thisUpdate'));
  const next = parts[0];
  const hasNext = next?.tag === TAG.utcTime || next?.tag === TAG.generalizedTime;
  if (hasNext) parts.shift();
  const entries = parts[0]?.tag === TAG.sequence ? parts.shift() : undefined;
  const extensions = parts[0]?.tag === EXTENSIONS ? parts.shift() : undefined;
  if (parts.length > 0) throw new MalformedDer('something unknown in the list');
  return {
    issuer,
    thisUpdate,
    nextUpdate: hasNext ? readTime(der, next) : undefined,
    revoked: entries === undefined ? new Set() : await readSerialNumbers(der, entries),
    ...readScope(der, extensions),
    signed: {
      bytes: encodingOf(der, tbs as Element),
      algorithm: encodingOf(der, outer),
      signature: contentsOf(der, signatureBits).subarray(1),
    },
  };
}

function missing(what: string): never {
  throw new MalformedDer(`${what} is missing`);
}

/** Whatever the reason and however critical its extensions: a certificate on the list is not admitted. */
async function readSerialNumbers(der: Buffer, entries: Element): Promise<Set<string>> {
  const serials = new Set<string>();
  for (let at = entries.contents; at < entries.end; ) {
    const entry = expectTag(readElement(der, at, entries.end), TAG.sequence, 'entry');
    const serial = expectTag(readElement(der, entry.contents, entry.end), TAG.integer, 'serial number');
    serials.add(formatSerialNumber(contentsOf(der, serial)));
    at = entry.end;
    if (serials.size % ENTRIES_AT_ONCE === 0) await breathe();
  }
  return serials;
}

const ISSUING_DISTRIBUTION_POINT = '2.5.29.28';
const DELTA = '2.5.29.27';

type Scope = Pick<RevocationList, 'partOf' | 'only'>;

/** A list says nothing reliable where it has a critical extension that is not understood (RFC 5280 section 5.2). */
function readScope(der: Buffer, extensions: Element | undefined): Scope {
  let scope: Scope = { partOf: undefined, only: undefined };
  const [sequence] = extensions === undefined ? [] : readChildren(der, extensions);
  for (const extension of sequence === undefined ? [] : readChildren(der, sequence)) {
    const parts = readChildren(der, expectTag(extension, TAG.sequence, 'extension'));
    const oid = readOid(der, parts[0]);
    if (oid === DELTA) throw new RevocationListUnusable('a delta list; name the complete one');
    const value = expectTag(parts.at(-1), TAG.octetString, 'extension value');
    if (oid === ISSUING_DISTRIBUTION_POINT)
      scope = readDistributionPoint(der, readElement(der, value.contents, value.end));
    else if (parts.length === 3)
      throw new RevocationListUnusable(`a critical extension ${oid} is unknown here`);
  }
  return scope;
}

/** RFC 5280 section 5.2.5. */
function readDistributionPoint(der: Buffer, point: Element): Scope {
  let partOf: readonly string[] | undefined;
  let only: Scope['only'];
  for (const part of readChildren(der, expectTag(point, TAG.sequence, 'issuing distribution point'))) {
    switch (part.tag) {
      case 0xa0:
        partOf = urisIn(der, part);
        break;
      case 0x81:
        only = 'users';
        break;
      case 0x82:
        only = 'authorities';
        break;
      default:
        throw new RevocationListUnusable('an indirect list, or one for some reasons or attributes only');
    }
  }
  return { partOf, only };
}

/**
 * Whether the authority made the list: its name, its right to sign lists and its signature (RFC 5280 section 6.3.3 (f) and
 * (g)). Costs a hash of the whole list.
 */
export function isListOf(list: RevocationList, authority: InspectedCertificate): boolean {
  if (nameKey(list.issuer) !== nameKey(authority.subject)) return false;
  if (authority.keyUsage !== undefined && !authority.keyUsage.includes('cRLSign')) return false;
  return isSignedBy(list.signed, opensslCertificate(authority.der).publicKey);
}

/** Whether the list would name the certificate if it were revoked. */
export function covers(list: RevocationList, certificate: InspectedCertificate): boolean {
  const isAuthority = certificate.basicConstraints?.ca === true;
  if (list.only === 'users' && isAuthority) return false;
  if (list.only === 'authorities' && !isAuthority) return false;
  return list.partOf === undefined || certificate.crlUris.some((uri) => list.partOf?.includes(uri));
}

/** Lists that cover the same certificates take each other's place. */
export function scopeKey({ issuer, partOf, only }: RevocationList): string {
  return JSON.stringify([nameKey(issuer), partOf ?? null, only ?? null]);
}
