import type { Field, FieldValue } from './fields.ts';

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/**
 * Reads `application/x-www-form-urlencoded` bytes (WHATWG URL, section 5.1), keeping repetitions and the bytes of values
 * that are not UTF-8. A `%` that does not begin an escape stands for itself, as brokers that do not encode at all need it
 * (`nanomq.md` section 3).
 */
export function parseForm(bytes: Buffer): Map<string, Field[]> {
  const fields = new Map<string, Field[]>();
  let start = 0;
  while (start < bytes.length) {
    let end = bytes.indexOf(AMPERSAND, start);
    if (end === -1) end = bytes.length;
    if (end > start) {
      const equals = bytes.indexOf(EQUALS, start);
      const nameEnd = equals === -1 || equals > end ? end : equals;
      const name = decode(bytes, start, nameEnd).text;
      const value = decode(bytes, Math.min(nameEnd + 1, end), end);
      const values = fields.get(name);
      if (values === undefined) fields.set(name, [value]);
      else values.push(value);
    }
    start = end + 1;
  }
  return fields;
}

function decode(bytes: Buffer, start: number, end: number): FieldValue {
  let plain = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === PERCENT || byte === PLUS || byte > 0x7f) {
      plain = false;
      break;
    }
  }
  if (plain) return { text: bytes.toString('latin1', start, end) };

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
  return Buffer.from(text, 'utf8').equals(value) ? { text } : { text, bytes: value };
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
