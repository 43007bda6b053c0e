import { certificateUnreadable, type ThingPassError } from '../../../model/errors.ts';

/**
 * Parses the two kinds of structured field that RFC 9440 needs: an Item and a List of Byte Sequences (RFC 9651
 * sections 3.1 and 3.3.5). Parameters are ignored, but their syntax is checked, because a violation makes the field
 * invalid.
 */

/** Parameters: `;key` or `;key=item` (RFC 9651 section 4.2.3.2). */
const PARAMETER = /; *([a-z*][a-z0-9_.*-]*)(?:=(%?"(?:[^"\\]|\\["\\])*"|[^;, ]*))?/y;

/** Bare items that a parameter may hold: number, string, token, byte sequence, boolean, date, display string. */
const BARE_ITEM =
  /^(?:-?[0-9]{1,15}(?:\.[0-9]{1,3})?|"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*|:[A-Za-z0-9+/]*={0,2}:|\?[01]|@-?[0-9]{1,15}|%"[\x20-\x7e]*")$/;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.at === this.#text.length;
  }

  skip(characters: string): void {
    while (!this.done && characters.includes(this.#text.charAt(this.at))) this.at++;
  }

  take(character: string): boolean {
    if (this.#text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  /**
   * Reads a byte sequence. Missing padding and unused bits that are set are accepted, as parsers should (RFC 9651
   * section 4.2.7); no identity is taken from the text. Other alphabets, blanks and an inner `=` are errors.
   */
  byteSequence(): Buffer {
    const end = this.take(':') ? this.#text.indexOf(':', this.at) : -1;
    if (end < 0) throw syntaxError();
    const base64 = this.#text.slice(this.at, end);
    this.at = end + 1;
    if (!BASE64.test(base64) || base64.replace(/=+$/, '').length % 4 === 1) throw syntaxError();
    return Buffer.from(base64, 'base64');
  }

  parameters(): void {
    while (this.#text[this.at] === ';') {
      PARAMETER.lastIndex = this.at;
      const match = PARAMETER.exec(this.#text);
      if (match === null || (match[2] !== undefined && !BARE_ITEM.test(match[2]))) throw syntaxError();
      this.at = PARAMETER.lastIndex;
    }
  }
}

function syntaxError(): ThingPassError<'certificate_unreadable'> {
  return certificateUnreadable('structured_field_syntax');
}

/**
 * Parses an Item that is a Byte Sequence (RFC 9651 section 4.2, field type "item").
 * @throws {ThingPassError} `certificate_unreadable`
 */
export function parseByteSequence(text: string): Buffer {
  const scanner = new Scanner(text);
  scanner.skip(' ');
  const bytes = scanner.byteSequence();
  scanner.parameters();
  scanner.skip(' ');
  if (!scanner.done) throw syntaxError();
  return bytes;
}

/**
 * Parses a List of Byte Sequences (section 4.2.1). Several field lines form one list (section 4.2).
 * @returns the members in their order; empty if all lines are blank.
 * @throws {ThingPassError} `certificate_unreadable`
 */
export function parseByteSequences(lines: readonly string[]): Buffer[] {
  const scanner = new Scanner(lines.filter((line) => line.trim() !== '').join(', '));
  const members: Buffer[] = [];
  scanner.skip(' ');
  while (!scanner.done) {
    members.push(scanner.byteSequence());
    scanner.parameters();
    scanner.skip(' \t');
    if (scanner.done) break;
    if (!scanner.take(',')) throw syntaxError();
    scanner.skip(' \t');
    // A trailing comma.
    if (scanner.done) throw syntaxError();
  }
  return members;
}
