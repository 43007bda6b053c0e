import { trimBlanks } from './text/absence.ts';
import { CertificateUnreadable } from './text/fault.ts';

/**
 * A request's header lines as they came, by name: Node joins repeated lines with a comma, or keeps the first only, and
 * both would hide that a client added one of its own (`forwarded-certificates.md` section 2, rule 4).
 */
export class HeaderView {
  readonly #lines = new Map<string, string[]>();

  /** @param rawHeaders names and values in turn, as in `IncomingMessage.rawHeaders`: Latin-1 text. */
  constructor(rawHeaders: readonly string[]) {
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = (rawHeaders[at] ?? '').toLowerCase();
      const value = rawHeaders[at + 1] ?? '';
      const lines = this.#lines.get(name);
      if (lines === undefined) this.#lines.set(name, [value]);
      else lines.push(value);
    }
  }

  /** Every name that came, in lower case. */
  names(): Iterable<string> {
    return this.#lines.keys();
  }

  /** The lines of that name (lower case), in their order and with their blanks. */
  lines(name: string): readonly string[] {
    return this.#lines.get(name) ?? [];
  }

  /**
   * The one line of that name without the blanks around it; `undefined` when there is none.
   * @throws {CertificateUnreadable} for a second line, also one whose name differs in `_` for `-` (CGI-like stacks take
   *   the two for one, so one of them slipped past a proxy that strips the other), and for a line beyond `limit`.
   */
  only(name: string, limit: number): string | undefined {
    const [line, ...others] = this.lines(name);
    if (line === undefined) return undefined;
    if (others.length > 0 || this.#hasTwin(name)) throw new CertificateUnreadable('duplicate_header');
    if (line.length > limit) throw new CertificateUnreadable('too_large');
    return trimBlanks(line);
  }

  #hasTwin(name: string): boolean {
    for (const other of this.#lines.keys()) {
      if (other.length === name.length && other !== name && other.replaceAll('_', '-') === name) return true;
    }
    return false;
  }
}
