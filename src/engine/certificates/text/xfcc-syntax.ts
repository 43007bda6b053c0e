import { certificateUnreadable } from '../../../model/errors.ts';

/**
 * One element of X-Forwarded-Client-Cert: what one proxy reports about its peer. Keys are in lower case; values
 * keep their order.
 */
export type XfccElement = ReadonlyMap<string, readonly string[]>;

/** Envoy writes each of these at most once, so a second one comes from somebody else. */
const ONCE: readonly string[] = ['cert', 'chain', 'hash', 'subject'];

const KEY = /[A-Za-z][A-Za-z0-9_-]*/y;
const UNQUOTED = /[^,;"]*/y;

/**
 * Parses Envoy's syntax (`forwarded-certificates.md` section 4.2): elements separated by `,`, pairs by `;`, key and
 * value by `=`, values quoted or bare. The text is read from left to right and never split, because a subject may
 * contain every separator.
 *
 * Inside quotes a backslash always takes the next character with it. Envoy puts the subject's RFC 2253 text between
 * quotes unchanged, so backslashes stay in the value: they are the DN's escapes.
 *
 * By, URI and DNS are never quoted, so a comma in one of them looks like the start of an element. The text cannot
 * tell the difference; the caller must check the number of elements.
 * @throws {ThingPassError} `certificate_unreadable`
 */
export function parseXfcc(text: string): XfccElement[] {
  const elements: XfccElement[] = [];
  for (let at = 0; ; at++) {
    const [element, end] = readXfccElement(text, at);
    elements.push(element);
    if (end === text.length) return elements;
    at = end;
  }
}

/** @returns the element and the index of the comma after it, or of the text's end. */
function readXfccElement(text: string, start: number): [XfccElement, number] {
  const element = new Map<string, string[]>();
  // Proxies that join two lines write blanks after the comma.
  let at = start;
  while (text[at] === ' ') at++;
  for (; ; at++) {
    const key = match(KEY, text, at).toLowerCase();
    at += key.length;
    if (key === '' || text[at] !== '=') throw certificateUnreadable('xfcc_syntax');
    const [value, end] = text[at + 1] === '"' ? readQuoted(text, at + 2) : readBare(text, at + 1);
    const values = element.get(key);
    if (values === undefined) element.set(key, [value]);
    else if (ONCE.includes(key)) throw certificateUnreadable('xfcc_syntax');
    else values.push(value);
    at = end;
    if (text[at] === ';') continue;
    if (at === text.length || text[at] === ',') return [element, at];
    throw certificateUnreadable('xfcc_syntax');
  }
}

function readBare(text: string, start: number): [string, number] {
  const value = match(UNQUOTED, text, start);
  return [value, start + value.length];
}

function readQuoted(text: string, start: number): [string, number] {
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return [text.slice(start, at), at + 1];
  }
  throw certificateUnreadable('xfcc_syntax');
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
