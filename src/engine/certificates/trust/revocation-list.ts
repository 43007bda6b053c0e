import { setImmediate as yieldTurn } from 'node:timers/promises';
import { isThingPassError, ThingPassError } from '../../../model/errors.ts';
import {
  contentsOf,
  type Element,
  encodingOf,
  expectTag,
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

/**
 * A parsed certificate revocation list (RFC 5280 section 5) whose signature is not verified yet. Times are epoch
 * milliseconds.
 */
export interface RevocationList {
  readonly issuer: Name;
  readonly thisUpdate: number;
  /** Absent if the authority announces no next list: such a list does not expire. */
  readonly nextUpdate: number | undefined;
  /** Serial numbers as {@link InspectedCertificate.serialNumber} writes them. */
  readonly revoked: ReadonlySet<string>;
  /** If set, the list covers only certificates that name one of these URIs as their list. */
  readonly partOf: readonly string[] | undefined;
  /** If set, the list covers only end entities (`users`) or only certificate authorities. */
  readonly only: 'users' | 'authorities' | undefined;
  readonly signed: Signed;
}

/** Longer lists are refused unread. Some 450,000 revoked certificates fit. */
export const MAX_LIST_BYTES = 16 * 1024 * 1024 - 1;
/** Entries to parse before other work gets a turn: some milliseconds. */
const ENTRIES_PER_TURN = 20_000;
const EXTENSIONS = 0xa0;

const PEM = /-----BEGIN X509 CRL-----([\s\S]*?)-----END X509 CRL-----/g;

/**
 * Parses the lists in a file or an answer: one in DER, or one or more in PEM.
 * @throws {ThingPassError} `revocation_list_unusable`
 */
export async function readRevocationLists(bytes: Buffer): Promise<RevocationList[]> {
  if (bytes[0] === TAG.sequence) return [await readRevocationList(bytes)];
  const bodies = [...bytes.toString('latin1').matchAll(PEM)].map(([, body = '']) => body);
  if (bodies.length === 0)
    throw new ThingPassError('revocation_list_unusable', 'not a revocation list in DER or PEM');
  const lists: RevocationList[] = [];
  for (const body of bodies) lists.push(await readRevocationList(Buffer.from(body, 'base64')));
  return lists;
}

async function readRevocationList(der: Buffer): Promise<RevocationList> {
  if (der.length > MAX_LIST_BYTES) throw new ThingPassError('revocation_list_unusable', 'longer than 16 MiB');
  try {
    return await readParts(der);
  } catch (error) {
    if (isThingPassError(error, 'der_malformed'))
      throw new ThingPassError('revocation_list_unusable', `not a revocation list: ${error.message}`);
    throw error;
  }
}

async function readParts(der: Buffer): Promise<RevocationList> {
  const list = expectTag(readElement(der, 0, der.length), TAG.sequence, 'list');
  if (list.end !== der.length) throw new ThingPassError('der_malformed', 'bytes after the list');
  const [tbs, algorithm, signature, ...others] = readChildren(der, list);
  if (others.length > 0) throw new ThingPassError('der_malformed', 'additional parts after the signature');
  const signatureBits = expectTag(signature, TAG.bitString, 'signature');

  const parts = readChildren(der, expectTag(tbs, TAG.sequence, 'tbsCertList'));
  if (parts[0]?.tag === TAG.integer) parts.shift();
  const inner = expectTag(parts.shift(), TAG.sequence, 'signature algorithm');
  const outer = expectTag(algorithm, TAG.sequence, 'signature algorithm');
  if (!Buffer.from(encodingOf(der, inner)).equals(encodingOf(der, outer)))
    throw new ThingPassError('der_malformed', 'two signature algorithms');
  const issuer = readName(der, expectTag(parts.shift(), TAG.sequence, 'issuer'));
  const thisUpdate = readTime(der, parts.shift() ?? missing('thisUpdate'));
  const next = parts[0];
  const hasNext = next?.tag === TAG.utcTime || next?.tag === TAG.generalizedTime;
  if (hasNext) parts.shift();
  const entries = parts[0]?.tag === TAG.sequence ? parts.shift() : undefined;
  const extensions = parts[0]?.tag === EXTENSIONS ? parts.shift() : undefined;
  if (parts.length > 0) throw new ThingPassError('der_malformed', 'unknown part in the list');
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
  throw new ThingPassError('der_malformed', `${what} is missing`);
}

/** Every listed certificate counts as revoked, regardless of the reason and the entry's extensions. */
async function readSerialNumbers(der: Buffer, entries: Element): Promise<Set<string>> {
  const serials = new Set<string>();
  for (let at = entries.contents; at < entries.end; ) {
    const entry = expectTag(readElement(der, at, entries.end), TAG.sequence, 'entry');
    const serial = expectTag(readElement(der, entry.contents, entry.end), TAG.integer, 'serial number');
    serials.add(formatSerialNumber(contentsOf(der, serial)));
    at = entry.end;
    if (serials.size % ENTRIES_PER_TURN === 0) await yieldTurn();
  }
  return serials;
}

const ISSUING_DISTRIBUTION_POINT = '2.5.29.28';
const DELTA = '2.5.29.27';

type Scope = Pick<RevocationList, 'partOf' | 'only'>;

/**
 * Reads which certificates the list covers.
 * @throws {ThingPassError} `revocation_list_unusable` for an unknown critical extension, which makes the list unreliable
 *   (RFC 5280
 *   section 5.2).
 */
function readScope(der: Buffer, extensions: Element | undefined): Scope {
  let scope: Scope = { partOf: undefined, only: undefined };
  const [sequence] = extensions === undefined ? [] : readChildren(der, extensions);
  for (const extension of sequence === undefined ? [] : readChildren(der, sequence)) {
    const parts = readChildren(der, expectTag(extension, TAG.sequence, 'extension'));
    const oid = readOid(der, parts[0]);
    if (oid === DELTA)
      throw new ThingPassError('revocation_list_unusable', 'it is a delta list; configure the complete list');
    const value = expectTag(parts.at(-1), TAG.octetString, 'extension value');
    if (oid === ISSUING_DISTRIBUTION_POINT)
      scope = readDistributionPoint(der, readElement(der, value.contents, value.end));
    else if (parts.length === 3)
      throw new ThingPassError('revocation_list_unusable', `unknown critical extension ${oid}`);
  }
  return scope;
}

/** Reads the issuing distribution point (RFC 5280 section 5.2.5). */
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
        throw new ThingPassError(
          'revocation_list_unusable',
          'it is an indirect list or covers only some reasons or attributes',
        );
    }
  }
  return { partOf, only };
}

/**
 * Whether the authority issued the list: by its name, its right to sign lists and its signature (RFC 5280 section
 * 6.3.3 (f) and (g)). Hashes the whole list.
 */
export function isListOf(list: RevocationList, authority: InspectedCertificate): boolean {
  if (nameKey(list.issuer) !== nameKey(authority.subject)) return false;
  if (authority.keyUsage !== undefined && !authority.keyUsage.includes('cRLSign')) return false;
  return isSignedBy(list.signed, opensslCertificate(authority.der).publicKey);
}

/** Whether the list covers the certificate, so that it would name it if it were revoked. */
export function covers(list: RevocationList, certificate: InspectedCertificate): boolean {
  const isAuthority = certificate.basicConstraints?.ca === true;
  if (list.only === 'users' && isAuthority) return false;
  if (list.only === 'authorities' && !isAuthority) return false;
  return list.partOf === undefined || certificate.crlUris.some((uri) => list.partOf?.includes(uri));
}

/** A key of what a list covers: a newer list replaces an older one with the same key. */
export function scopeKey({ issuer, partOf, only }: RevocationList): string {
  return JSON.stringify([nameKey(issuer), partOf ?? null, only ?? null]);
}
