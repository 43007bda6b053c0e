import { type LineProblem, lineProblem } from './import-item.ts';

/** A file's content: `fs.createReadStream`, a request's body, or an array of texts in a test. */
export type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

export interface Line {
  readonly kind: 'line';
  readonly line: number;
  readonly text: string;
}

/** Limit of one record: certificates fit, and a file without line ends does not fill the memory. */
export const MAX_RECORD_CHARACTERS = 1_048_576;

/** The decoder's replacement for bytes that are not UTF-8. Files that contain this character are refused as well. */
const REPLACEMENT_CHARACTER = '\ufffd';

/** Decodes the file's text chunk by chunk, without a byte order mark. */
export async function* decodeText(chunks: Chunks): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let first = true;
  for await (const chunk of chunks) {
    let text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    // The decoder removes the mark only from bytes.
    if (first && text.startsWith('\ufeff')) text = text.slice(1);
    first = false;
    yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** Reads the file's lines, which end with LF or CR LF. Lines that are too long or not UTF-8 become problems. */
export async function* readLines(chunks: Chunks): AsyncGenerator<Line | LineProblem> {
  let rest = '';
  let line = 1;
  let skipping = false;
  for await (const text of decodeText(chunks)) {
    rest += text;
    let start = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
      if (!skipping) yield readLine(line, rest.slice(start, end));
      skipping = false;
      line++;
      start = end + 1;
    }
    rest = skipping ? '' : rest.slice(start);
    if (rest.length > MAX_RECORD_CHARACTERS) {
      yield tooLong(line);
      skipping = true;
      rest = '';
    }
  }
  if (rest !== '') yield readLine(line, rest);
}

export function tooLong(line: number): LineProblem {
  return lineProblem(line, `longer than ${MAX_RECORD_CHARACTERS} characters`);
}

export function isValidUtf8(text: string): boolean {
  return !text.includes(REPLACEMENT_CHARACTER);
}

function readLine(line: number, text: string): Line | LineProblem {
  if (text.length > MAX_RECORD_CHARACTERS) return tooLong(line);
  if (!isValidUtf8(text)) return lineProblem(line, 'not valid UTF-8');
  return { kind: 'line', line, text: text.endsWith('\r') ? text.slice(0, -1) : text };
}
