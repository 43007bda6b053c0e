import { type LineProblem, lineProblem } from './import-item.ts';

/** A file as it is read: `fs.createReadStream`, a request's body, or an array of texts in a test. */
export type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

export interface Line {
  readonly kind: 'line';
  readonly line: number;
  readonly text: string;
}

/** One record may take this many characters: certificates fit, a file without line ends does not fill the memory. */
export const MAXIMUM_RECORD = 1_048_576;

/** What a decoder puts for bytes that are not UTF-8; a file that really means it is not worth its ambiguity. */
const UNREADABLE = '\ufffd';

/** The file's text, piece by piece, without a byte order mark. */
export async function* decodeText(chunks: Chunks): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let first = true;
  for await (const chunk of chunks) {
    let text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    // The decoder drops the mark from bytes only.
    if (first && text.startsWith('\ufeff')) text = text.slice(1);
    first = false;
    yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** The file's lines, ended by LF or CR LF; lines too long and lines that are not UTF-8 are reported and left out. */
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
    if (rest.length > MAXIMUM_RECORD) {
      yield tooLong(line);
      skipping = true;
      rest = '';
    }
  }
  if (rest !== '') yield readLine(line, rest);
}

export function tooLong(line: number): LineProblem {
  return lineProblem(line, `longer than ${MAXIMUM_RECORD} characters`);
}

export function isReadable(text: string): boolean {
  return !text.includes(UNREADABLE);
}

function readLine(line: number, text: string): Line | LineProblem {
  if (text.length > MAXIMUM_RECORD) return tooLong(line);
  if (!isReadable(text)) return lineProblem(line, 'not valid UTF-8');
  return { kind: 'line', line, text: text.endsWith('\r') ? text.slice(0, -1) : text };
}
