import { RequestUnreadable } from './dialect.ts';
import type { Field } from './fields.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a JSON object, keeping repeated members, which `JSON.parse` would drop in silence: a repeated member is how text
 * that a broker pasted unescaped shows itself. Scalars become text as written in JSON (`1.50` stays `1.5`, `true` is
 * `"true"`), null members are left out, objects and arrays stay structures.
 * @throws {RequestUnreadable} when it is not a JSON object in UTF-8.
 */
export function parseJsonObject(bytes: Buffer): Map<string, Field[]> {
  let text: string;
  let parsed: unknown;
  try {
    text = UTF8.decode(bytes);
    parsed = JSON.parse(text);
  } catch {
    throw new RequestUnreadable('the body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new RequestUnreadable('the body is not a JSON object');
  }
  const fields = new Map<string, Field[]>();
  for (const [name, value] of Object.entries(parsed)) {
    if (value !== null) fields.set(name, [asField(value)]);
  }
  const members = memberNames(text);
  if (members.length !== Object.keys(parsed).length) markRepetitions(fields, members);
  return fields;
}

function asField(value: unknown): Field {
  return typeof value === 'object' ? { structure: value } : { text: String(value) };
}

function markRepetitions(fields: Map<string, Field[]>, members: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of members) {
    if (seen.has(name)) fields.set(name, [{ text: '' }, { text: '' }]);
    seen.add(name);
  }
}

/** The names of the outermost object's members, in order, repetitions included; `text` is known to be a JSON object. */
function memberNames(text: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let atName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = stringEnd(text, at);
        if (depth === 1 && atName) {
          names.push(JSON.parse(text.slice(at, end + 1)) as string);
          atName = false;
        }
        at = end;
        break;
      }
      case 0x7b:
      case 0x5b:
        depth++;
        if (depth === 1) atName = true;
        break;
      case 0x7d:
      case 0x5d:
        depth--;
        break;
      case 0x2c:
        if (depth === 1) atName = true;
        break;
    }
  }
  return names;
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
