import { certificateUnreadable } from '../../model/errors.ts';
import { trimBlanks } from './text/absence.ts';

/**
 * A request's header lines by name, as received. Node joins repeated lines with a comma or keeps only the first.
 * Both would hide a line that the client added (`forwarded-certificates.md` section 2, rule 4).
 */
export class HeaderView {
  readonly #lines = new Map<string, string[]>();

  /** @param rawHeaders names and values alternating, as in `IncomingMessage.rawHeaders`; Latin-1 text. */
  constructor(rawHeaders: readonly string[]) {
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = (rawHeaders[at] ?? '').toLowerCase();
      const value = rawHeaders[at + 1] ?? '';
      const lines = this.#lines.get(name);
      if (lines === undefined) this.#lines.set(name, [value]);
      else lines.push(value);
    }
  }

  /** All header names, in lower case. */
  names(): Iterable<string> {
    return this.#lines.keys();
  }

  /** The lines of that name (lower case) in their order, blanks included. */
  lines(name: string): readonly string[] {
    return this.#lines.get(name) ?? [];
  }

  /**
   * The single line of that name without surrounding blanks; `undefined` if there is none.
   * @throws {ThingPassError} `certificate_unreadable` for a second line and for a line longer than `limit`. A name that
   *   differs only
   *   by `_` for `-` counts as a second line: CGI-like stacks treat the two as one, so one could slip past a proxy
   *   that strips the other.
   */
  only(name: string, limit: number): string | undefined {
    const [line, ...others] = this.lines(name);
    if (line === undefined) return undefined;
    if (others.length > 0 || this.#hasTwin(name)) throw certificateUnreadable('duplicate_header');
    if (line.length > limit) throw certificateUnreadable('too_large');
    return trimBlanks(line);
  }

  #hasTwin(name: string): boolean {
    for (const other of this.#lines.keys()) {
      if (other.length === name.length && other !== name && other.replaceAll('_', '-') === name) return true;
    }
    return false;
  }
}
