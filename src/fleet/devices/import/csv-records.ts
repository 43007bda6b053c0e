import { type LineProblem, lineProblem } from './import-item.ts';
import { type Chunks, decodeText, isValidUtf8, MAX_RECORD_CHARACTERS, tooLong } from './text.ts';

export interface CsvRecord {
  readonly kind: 'record';
  /** The line in which the record begins; quoted fields may contain line ends. */
  readonly line: number;
  readonly fields: readonly string[];
}

interface ScannedRecord {
  readonly fields: readonly string[];
  /** The index after the record's line end. */
  readonly end: number;
}

const SEPARATORS = [',', ';', '\t'] as const;

/**
 * Reads the records of a CSV file (RFC 4180) in constant memory. A record may also end with LF alone. The separator
 * may be a semicolon or a tab, as spreadsheets in many countries write it; the first one in the header decides.
 *
 * After an unreadable record, reading continues in the line after the one in which the record *began*: a forgotten
 * quote costs one record, not the rest of the file.
 */
export async function* readCsvRecords(chunks: Chunks): AsyncGenerator<CsvRecord | LineProblem> {
  let text = '';
  let line = 1;
  let separator: string | undefined;
  let skipping = false;

  function* records(atEnd: boolean): Generator<CsvRecord | LineProblem> {
    let at = 0;
    while (at < text.length) {
      const lineEnd = text.indexOf('\n', at);
      if (skipping) {
        if (lineEnd < 0) break;
        skipping = false;
        line++;
        at = lineEnd + 1;
        continue;
      }
      if (separator === undefined && (lineEnd >= 0 || atEnd)) {
        const header = text.slice(at, lineEnd < 0 ? undefined : lineEnd);
        // Blank lines before the header contain no separator.
        if (header.trim() !== '') separator = separatorOf(header);
      }
      if (separator === undefined && lineEnd >= 0) {
        line++;
        at = lineEnd + 1;
        continue;
      }
      const scanned = separator === undefined ? undefined : scanRecord(text, at, separator, atEnd);
      const length = (typeof scanned === 'object' ? scanned.end : text.length) - at;
      if (length > MAX_RECORD_CHARACTERS || typeof scanned === 'string') {
        yield typeof scanned === 'string' ? lineProblem(line, scanned) : tooLong(line);
        skipping = true;
        continue;
      }
      if (scanned === undefined) break;
      const raw = text.slice(at, scanned.end);
      if (!isValidUtf8(raw)) yield lineProblem(line, 'not valid UTF-8');
      else if (raw.trim() !== '') yield { kind: 'record', line, fields: scanned.fields };
      line += raw.split('\n').length - 1;
      at = scanned.end;
    }
    text = skipping ? '' : text.slice(at);
  }

  for await (const chunk of decodeText(chunks)) {
    text += chunk;
    yield* records(false);
  }
  yield* records(true);
}

function separatorOf(header: string): string {
  const places = SEPARATORS.map((separator) => header.indexOf(separator));
  const first = Math.min(...places.filter((place) => place >= 0));
  return SEPARATORS[places.indexOf(first)] ?? ',';
}

/**
 * Scans one record from `start`.
 * @returns the record, a sentence if it is malformed, or `undefined` if its end is not in the text yet.
 */
function scanRecord(
  text: string,
  start: number,
  separator: string,
  atEnd: boolean,
): ScannedRecord | string | undefined {
  const fields: string[] = [];
  let at = start;
  for (;;) {
    if (text[at] === '"') {
      const quoted = scanQuoted(text, at + 1);
      if (quoted === undefined) return atEnd ? 'a quoted field is not closed' : undefined;
      fields.push(quoted.value);
      at = quoted.end;
      // An apparent closing quote may be the first of two.
      if (at >= text.length - 1 && !atEnd) return undefined;
      if (text[at] === '\r' && text[at + 1] === '\n') at++;
      const after = text[at];
      if (after !== undefined && after !== separator && after !== '\n') return 'text after a closing quote';
    } else {
      const end = endOfUnquoted(text, at, separator);
      if (end === undefined && !atEnd) return undefined;
      const value = text.slice(at, end);
      if (value.includes('"')) return 'a quote inside a field that does not begin with one';
      at = end ?? text.length;
      fields.push(text[at] !== separator && value.endsWith('\r') ? value.slice(0, -1) : value);
    }
    if (text[at] !== separator) return { fields, end: Math.min(at + 1, text.length) };
    at++;
  }
}

/** @param from the index after the opening quote. */
function scanQuoted(text: string, from: number): { value: string; end: number } | undefined {
  let value = '';
  for (let at = from; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return undefined;
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}

function endOfUnquoted(text: string, from: number, separator: string): number | undefined {
  for (let at = from; at < text.length; at++) {
    if (text[at] === separator || text[at] === '\n') return at;
  }
  return undefined;
}
