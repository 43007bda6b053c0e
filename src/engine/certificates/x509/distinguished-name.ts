import { ThingPassError } from '../../../model/errors.ts';
import { readElement } from './der.ts';
import { readText } from './der-text.ts';

/**
 * How a product writes a distinguished name (`forwarded-certificates.md` section 6).
 *
 * - `rfc4514`: last RDN first, `,` between RDNs, `+` inside an RDN, special characters escaped by `\`, bytes as
 *   `\C3\A4`. Written by OpenSSL's RFC 2253 format (nginx, Envoy, Mosquitto), OTP (RabbitMQ, EMQX) and TBMQ.
 * - `mbedtls`: encoded order, `, ` and ` + `, `=` escaped as well, and `?` for each non-ASCII byte. Written by
 *   NanoMQ.
 *
 * Slash forms and unescaped one-line forms are never parsed: in them, a value can look like an attribute.
 */
export type NameNotation = 'rfc4514' | 'mbedtls';

export interface ParsedAttribute {
  /** As written: a short name in any case, or an OID. */
  readonly type: string;
  readonly value: string;
  /** The text contains `?`, which may stand for a lost byte, so different names can look the same. */
  readonly lossy: boolean;
}

/** RDNs in encoded order. */
export type ParsedName = readonly (readonly ParsedAttribute[])[];

const NOTATIONS = {
  rfc4514: { comma: /,/y, plus: /\+/y, reversed: true, unescaped: /[^\\",+;<>]/y },
  mbedtls: { comma: /, /y, plus: / \+ /y, reversed: false, unescaped: /[^\\",+;<>=]/y },
} as const;

const TYPE = /[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+/y;
const HEX_PAIR = /[0-9A-Fa-f]{2}/y;
const HEX_VALUE = /#(?:[0-9A-Fa-f]{2})+/y;
/** RFC 4514 section 2.4: the characters that a backslash may escape, besides a hex pair. */
const ESCAPABLE = ' "#+,;<=>\\';
/** Longer than any name that a TLS stack accepts. NanoMQ silently truncates at 1,023 bytes. */
const MAX_LENGTH = 8192;
const NANOMQ_MAX_LENGTH = 1022;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses a distinguished name in a product's notation. An empty text is the empty name.
 *
 * An unescaped special character inside a value is refused: it comes from a version that does not escape, where a
 * value can look like an attribute.
 * @throws {ThingPassError} `distinguished_name_unreadable`
 */
export function parseName(text: string, notation: NameNotation): ParsedName {
  const maxLength = notation === 'mbedtls' ? NANOMQ_MAX_LENGTH : MAX_LENGTH;
  if (text.length > maxLength)
    throw new ThingPassError('distinguished_name_unreadable', 'too long, so it may have been truncated');
  const rdns: ParsedAttribute[][] = [];
  if (text === '') return rdns;
  const { comma, plus, reversed } = NOTATIONS[notation];
  let rdn: ParsedAttribute[] = [];
  for (let at = 0; ; ) {
    const [attribute, end] = parseAttribute(text, at, notation);
    rdn.push(attribute);
    if (end === text.length) break;
    const joined = match(plus, text, end);
    const separator = joined ?? match(comma, text, end);
    if (separator === undefined)
      throw new ThingPassError('distinguished_name_unreadable', 'an unescaped special character');
    if (joined === undefined) {
      rdns.push(rdn);
      rdn = [];
    }
    at = end + separator.length;
  }
  rdns.push(rdn);
  return reversed ? rdns.reverse() : rdns;
}

function parseAttribute(text: string, start: number, notation: NameNotation): [ParsedAttribute, number] {
  const type = match(TYPE, text, start);
  if (type === undefined || text[start + type.length] !== '=')
    throw new ThingPassError('distinguished_name_unreadable', 'an attribute without a type');
  const at = start + type.length + 1;
  const hex = match(HEX_VALUE, text, at);
  if (hex !== undefined) return [{ type, value: decodeHexValue(hex), lossy: false }, at + hex.length];
  const { bytes, end } = parseBytes(text, at, notation);
  const value = decodeUtf8(bytes);
  return [{ type, value, lossy: notation === 'mbedtls' && value.includes('?') }, end];
}

/**
 * Escapes stand for bytes and other characters for their UTF-8 bytes, so only the whole value can be decoded as
 * text.
 */
function parseBytes(text: string, start: number, notation: NameNotation): { bytes: Buffer; end: number } {
  const { unescaped, plus } = NOTATIONS[notation];
  const parts: Buffer[] = [];
  let at = start;
  while (at < text.length) {
    if (text[at] === '\\') {
      const pair = match(HEX_PAIR, text, at + 1);
      const character = text[at + 1] ?? '';
      if (pair === undefined && (character === '' || !ESCAPABLE.includes(character))) {
        throw new ThingPassError('distinguished_name_unreadable', 'an unknown escape');
      }
      parts.push(pair === undefined ? Buffer.from(character) : Buffer.from(pair, 'hex'));
      at += pair === undefined ? 2 : 3;
      continue;
    }
    const plain = matchRepeated(unescaped, text, at);
    if (plain === '') break;
    // mbedTLS's separator ` + ` begins with a blank, which values may contain too.
    const separator = notation === 'mbedtls' && match(plus, text, at + plain.length - 1) !== undefined;
    const taken = separator && plain.endsWith(' ') ? plain.slice(0, -1) : plain;
    parts.push(Buffer.from(taken));
    at += taken.length;
    if (taken !== plain) break;
  }
  return { bytes: Buffer.concat(parts), end: at };
}

function matchRepeated(pattern: RegExp, text: string, start: number): string {
  let end = start;
  while (match(pattern, text, end) !== undefined) end++;
  return text.slice(start, end);
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ThingPassError('distinguished_name_unreadable', 'a value that is not UTF-8');
  }
}

/** Decodes `#` followed by the value's encoding (RFC 4514 section 2.4). */
function decodeHexValue(hex: string): string {
  const bytes = Buffer.from(hex.slice(1), 'hex');
  try {
    const element = readElement(bytes, 0, bytes.length);
    if (element.end === bytes.length) return readText(bytes, element).value;
  } catch {
    // Every fault has the same message.
  }
  throw new ThingPassError('distinguished_name_unreadable', 'a value in hex that is not DER');
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const COMMON_NAME_TYPES: ReadonlySet<string> = new Set(['cn', 'commonname', '2.5.4.3']);

/** The common name attributes, in encoded order. */
export function commonNameAttributes(name: ParsedName): ParsedAttribute[] {
  return name.flat().filter(({ type }) => COMMON_NAME_TYPES.has(type.toLowerCase()));
}
