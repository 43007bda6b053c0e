import { isUtf8 } from 'node:buffer';
import { ThingPassError } from '../model/errors.ts';
import { type BinaryText, type Field, Fields } from './fields.ts';

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/** More than any template holds; a client whose text is pasted in unencoded can bring as many as it likes. */
export const MAX_FIELDS = 1_000;

/**
 * Reads `application/x-www-form-urlencoded` bytes (WHATWG URL, section 5.1), keeping repetitions and the bytes of values
 * that are not UTF-8. A `%` that does not begin an escape stands for itself, as brokers that do not encode at all need it
 * (`nanomq.md` section 3).
 *
 * One pass, whatever the bytes are: a search for the next `=` that runs beyond the field costs seconds on two megabytes of `a&`.
 * @throws {ThingPassError} `request_unreadable` for more than {@link MAX_FIELDS} fields.
 */
export function parseForm(bytes: Buffer): Fields {
  const names: string[] = [];
  const values: Field[] = [];
  let start = 0;
  while (start < bytes.length) {
    const { nameEnd, end, plain } = nextField(bytes, start);
    if (end > start) {
      if (names.length === MAX_FIELDS)
        throw new ThingPassError('request_unreadable', 'there are too many fields');
      names.push(plain ? bytes.toString('latin1', start, nameEnd) : textOf(decode(bytes, start, nameEnd)));
      const from = Math.min(nameEnd + 1, end);
      values.push(plain ? bytes.toString('latin1', from, end) : decode(bytes, from, end));
    }
    start = end + 1;
  }
  return new Fields(names, values);
}

/** Where the field that begins at `start` ends, and its name; `plain` when neither holds anything to decode. */
function nextField(bytes: Buffer, start: number): { nameEnd: number; end: number; plain: boolean } {
  let nameEnd = -1;
  let plain = true;
  let at = start;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === AMPERSAND) break;
    if (byte === EQUALS) {
      if (nameEnd === -1) nameEnd = at;
    } else if (byte === PERCENT || byte === PLUS || byte > 0x7f) plain = false;
  }
  return { nameEnd: nameEnd === -1 ? at : nameEnd, end: at, plain };
}

function textOf(value: string | BinaryText): string {
  return typeof value === 'string' ? value : value.text;
}

function decode(bytes: Buffer, start: number, end: number): string | BinaryText {
  const decoded = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    let byte = bytes[at] as number;
    if (byte === PLUS) {
      byte = SPACE;
    } else if (byte === PERCENT && at + 2 < end) {
      const high = hexDigit(bytes[at + 1] as number);
      const low = hexDigit(bytes[at + 2] as number);
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low;
        at += 2;
      }
    }
    decoded[length++] = byte;
  }
  const value = decoded.subarray(0, length);
  const text = value.toString('utf8');
  return isUtf8(value) ? text : { text, bytes: value };
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
