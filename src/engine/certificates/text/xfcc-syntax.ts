import { CertificateUnreadable } from './fault.ts';

/** One element of X-Forwarded-Client-Cert: what one proxy says of its peer. Keys in lower case, as they came in order. */
export type XfccElement = ReadonlyMap<string, readonly string[]>;

/** Envoy writes one pair of each; a second one is someone else's. */
const ONCE: readonly string[] = ['cert', 'chain', 'hash', 'subject'];

const KEY = /[A-Za-z][A-Za-z0-9_-]*/y;
const UNQUOTED = /[^,;"]*/y;

/**
 * Envoy's syntax (`forwarded-certificates.md` section 4.2): elements by `,`, pairs by `;`, key and value by `=`, values in
 * quotes or bare. Read from left to right, never split: a subject may hold every separator.
 *
 * Inside quotes a backslash takes the next character along, whatever it is. Envoy puts the subject's RFC 2253 text between
 * quotes as it is, so the text is kept with its backslashes: it is the DN's own escaping.
 *
 * By, URI and DNS are never quoted, whatever they hold, so a comma in one begins what looks like an element. That cannot be
 * told apart here: whoever counts the elements must.
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

/** @returns the element and the place of the comma behind it, or the text's end. */
function readXfccElement(text: string, start: number): [XfccElement, number] {
  const element = new Map<string, string[]>();
  // Blanks behind the comma come from proxies that join two lines.
  let at = start;
  while (text[at] === ' ') at++;
  for (; ; at++) {
    const key = match(KEY, text, at).toLowerCase();
    at += key.length;
    if (key === '' || text[at] !== '=') throw new CertificateUnreadable('xfcc_syntax');
    const [value, end] = text[at + 1] === '"' ? readQuoted(text, at + 2) : readBare(text, at + 1);
    const values = element.get(key);
    if (values === undefined) element.set(key, [value]);
    else if (ONCE.includes(key)) throw new CertificateUnreadable('xfcc_syntax');
    else values.push(value);
    at = end;
    if (text[at] === ';') continue;
    if (at === text.length || text[at] === ',') return [element, at];
    throw new CertificateUnreadable('xfcc_syntax');
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
  throw new CertificateUnreadable('xfcc_syntax');
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
