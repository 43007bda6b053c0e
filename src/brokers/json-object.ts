import { isAscii, isUtf8 } from 'node:buffer';
import { ThingPassError } from '../model/errors.ts';
import { type Field, Fields } from './fields.ts';
import { MAX_FIELDS } from './urlencoded.ts';

/**
 * Reads a JSON object, keeping repeated members, which `JSON.parse` would drop in silence: a repeated member is how text
 * that a broker pasted unescaped shows itself. Names are compared as they are read, so `"\u0075sername"` repeats
 * `"username"`; null counts as an occurrence.
 *
 * Texts, booleans and whole numbers become text, null members are left out, objects and arrays stay structures. So do
 * numbers that a double does not hold exactly, or that are not written in the one shortest way (`1.0`, `1e0`, `-0`): an access
 * token is a text, and two of them must not become one.
 * @throws {ThingPassError} `request_unreadable` when it is not a JSON object in UTF-8 without a byte-order mark (RFC 8259
 *   section 8.1).
 */
export function parseJsonObject(bytes: Buffer): Fields {
  const text = bytes.toString('latin1');
  return parsePlainTexts(text) ?? parseAnyObject(isAscii(bytes) ? text : decode(bytes));
}

/** A member whose name and value are plain: printable ASCII without quotes and backslashes, and no blanks around it. */
const PLAIN_MEMBER = /"([ !#-[\]-~]*)":"([ !#-[\]-~]*)"([,}])/y;

/**
 * What brokers nearly always send, an object of plain texts without blanks, in half the time.
 * @returns `undefined` for everything else, right or wrong.
 */
function parsePlainTexts(text: string): Fields | undefined {
  if (!text.startsWith('{')) return undefined;
  const names: string[] = [];
  const values: string[] = [];
  PLAIN_MEMBER.lastIndex = 1;
  while (names.length < MAX_FIELDS) {
    const [, name, value, end] = PLAIN_MEMBER.exec(text) ?? [];
    if (name === undefined || value === undefined) return undefined;
    names.push(name);
    values.push(value);
    if (end === '}') return PLAIN_MEMBER.lastIndex === text.length ? new Fields(names, values) : undefined;
  }
  return undefined;
}

function parseAnyObject(text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ThingPassError('request_unreadable', 'the body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ThingPassError('request_unreadable', 'the body is not a JSON object');
  }
  const members = membersOf(text);
  if (members.length > MAX_FIELDS)
    throw new ThingPassError('request_unreadable', 'there are too many fields');
  const names: string[] = [];
  const values: Field[] = [];
  // Own members, `__proto__` among them: JSON.parse defines it like any other.
  const own = Object.keys(parsed);
  let sources: ReadonlyMap<string, string> | undefined;
  for (const name of own) {
    const value = (parsed as Record<string, unknown>)[name];
    if (value === null) continue;
    names.push(name);
    if (typeof value === 'number') {
      sources ??= numberSources(members, text);
      values.push(numberField(value, sources.get(name)));
    } else values.push(asField(value));
  }
  if (members.length !== own.length) {
    for (const name of repeatedNames(members, text)) {
      // Twice: a null among the repetitions is not there itself.
      names.push(name, name);
      values.push('', '');
    }
  }
  return new Fields(names, values);
}

function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new ThingPassError('request_unreadable', 'the body is not UTF-8');
  return bytes.toString('utf8');
}

function asField(value: unknown): Field {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' ? String(value) : { structure: value };
}

/** `JSON.parse` has rounded it: `0.99999999999999999999` is 1 by now. */
function numberField(value: number, source: string | undefined): Field {
  return Number.isSafeInteger(value) && String(value) === source ? source : { structure: value };
}

const NUMBER = /[ \t\n\r]*:[ \t\n\r]*(-?\d[^ \t\n\r,}]*)/y;

/** The numbers among the members' values as they were written, by name. */
function numberSources(members: readonly number[], text: string): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const start of members) {
    const end = stringEnd(text, start) + 1;
    NUMBER.lastIndex = end;
    const source = NUMBER.exec(text)?.[1];
    if (source !== undefined) sources.set(JSON.parse(text.slice(start, end)) as string, source);
  }
  return sources;
}

function repeatedNames(members: readonly number[], text: string): Set<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const start of members) {
    const name = JSON.parse(text.slice(start, stringEnd(text, start) + 1)) as string;
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
  }
  return repeated;
}

/**
 * Where the names of the outermost object's members begin, repetitions included, as far as there are not too many; `text` is
 * known to be a JSON object.
 */
function membersOf(text: string): number[] {
  const members: number[] = [];
  let depth = 0;
  let atName = false;
  for (let at = 0; at < text.length && members.length <= MAX_FIELDS; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        if (atName) members.push(at);
        atName = false;
        at = stringEnd(text, at);
        break;
      case 0x7b:
      case 0x5b:
        depth++;
        atName = depth === 1;
        break;
      case 0x7d:
      case 0x5d:
        depth--;
        break;
      case 0x2c:
        atName = depth === 1;
        break;
    }
  }
  return members;
}

/** Index of the quote that ends the JSON string beginning at `start`. */
function stringEnd(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at;
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}
