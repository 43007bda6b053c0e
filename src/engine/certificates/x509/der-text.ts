import { ThingPassError } from '../../../model/errors.ts';
import { contentsOf, type Element, TAG } from './der.ts';

/** ASN.1 string types by tag (X.680 section 8.6). */
const STRING_TYPES = {
  12: 'utf8String',
  18: 'numericString',
  19: 'printableString',
  20: 'teletexString',
  22: 'ia5String',
  26: 'visibleString',
  28: 'universalString',
  30: 'bmpString',
} as const;

export type StringType = (typeof STRING_TYPES)[keyof typeof STRING_TYPES] | 'other';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes a string by its type (`forwarded-certificates.md` section 6): BMPString is UTF-16BE, TeletexString in
 * practice Latin-1, UniversalString UTF-32BE. NUL characters are kept. Values of other types become `#` and their
 * encoding in hex, as in RFC 4514 section 2.4.
 * @throws {ThingPassError} `der_malformed` for bytes that are invalid for their type.
 */
export function readText(bytes: Uint8Array, element: Element): { value: string; stringType: StringType } {
  const stringType = typeOf(element.tag);
  const contents = Buffer.from(contentsOf(bytes, element));
  switch (stringType) {
    case 'utf8String':
      return { stringType, value: decodeUtf8(contents) };
    case 'bmpString':
      return { stringType, value: decodeUtf16(contents) };
    case 'universalString':
      return { stringType, value: decodeUtf32(contents) };
    case 'other':
      return {
        stringType,
        value: `#${Buffer.from(bytes.subarray(element.start, element.end)).toString('hex')}`,
      };
    default:
      // The other types are ASCII by definition; some issuers write Latin-1 into them.
      return { stringType, value: contents.toString('latin1') };
  }
}

function typeOf(tag: number): StringType {
  return tag in STRING_TYPES ? STRING_TYPES[tag as keyof typeof STRING_TYPES] : 'other';
}

function decodeUtf8(contents: Buffer): string {
  try {
    return utf8.decode(contents);
  } catch {
    throw new ThingPassError('der_malformed', 'text is not UTF-8');
  }
}

function decodeUtf16(contents: Buffer): string {
  if (contents.length % 2 !== 0) throw new ThingPassError('der_malformed', 'text is not UTF-16');
  const text = contents.swap16().toString('utf16le');
  if (/\p{Surrogate}/u.test(text)) throw new ThingPassError('der_malformed', 'text is not UTF-16');
  return text;
}

function decodeUtf32(contents: Buffer): string {
  if (contents.length % 4 !== 0) throw new ThingPassError('der_malformed', 'text is not UTF-32');
  let text = '';
  for (let at = 0; at < contents.length; at += 4) {
    const point = contents.readUInt32BE(at);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      throw new ThingPassError('der_malformed', 'text is not UTF-32');
    text += String.fromCodePoint(point);
  }
  return text;
}

const TIME =
  /^([0-9]{2,4}?)([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?(?:Z|([+-])([0-9]{2})([0-9]{2}))$/;

/**
 * Reads a validity date in epoch milliseconds. RFC 5280 section 4.1.2.5 requires seconds and `Z`. Java (and so
 * ThingsBoard) and OpenSSL also accept a UTCTime without seconds or with an offset. Two-digit years are 1950 to
 * 2049.
 * @throws {ThingPassError} `der_malformed`
 */
export function readTime(bytes: Uint8Array, element: Element): number {
  const text = Buffer.from(contentsOf(bytes, element)).toString('latin1');
  const isUtcTime = element.tag === TAG.utcTime;
  const match = TIME.exec(text);
  const [, year = '', month, day, hour, minute, second = '00', sign, offsetHours, offsetMinutes] =
    match ?? [];
  if (match === null || year.length !== (isUtcTime ? 2 : 4))
    throw new ThingPassError('der_malformed', 'not a time');
  const fullYear = isUtcTime ? Number(year) + (Number(year) < 50 ? 2000 : 1900) : Number(year);
  const date = new Date(0);
  date.setUTCFullYear(fullYear, Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  // `Date` turns a day that does not exist into one of the next month.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day) || Number(hour) > 23) {
    throw new ThingPassError('der_malformed', 'not a time');
  }
  const offset = (Number(offsetHours ?? 0) * 60 + Number(offsetMinutes ?? 0)) * 60_000;
  return date.getTime() - (sign === '-' ? -offset : offset);
}
