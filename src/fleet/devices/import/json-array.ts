import { type LineProblem, lineProblem } from './import-item.ts';
import { type Chunks, decodeText, isReadable, MAXIMUM_RECORD, tooLong } from './text.ts';

export interface JsonElement {
  readonly kind: 'element';
  /** Where the element begins. */
  readonly line: number;
  readonly value: unknown;
}

const SPACE = /\s/;

/**
 * The elements of a file that is one JSON array of objects, one at a time: parsing the whole of it would hold every
 * user in memory twice. Elements are found by their braces and parsed one by one, so one bad element costs only itself.
 */
export async function* readJsonArray(chunks: Chunks): AsyncGenerator<JsonElement | LineProblem> {
  let element = '';
  let begun = 0;
  let line = 1;
  let depth = 0;
  let inText = false;
  let escaped = false;
  let state = 'before' as 'before' | 'inside' | 'behind';

  function take(letter: string): JsonElement | LineProblem | undefined {
    if (letter === '\n') line++;
    if (depth > 0) {
      if (element.length < MAXIMUM_RECORD) element += letter;
      if (inText) {
        if (escaped) escaped = false;
        else if (letter === '\\') escaped = true;
        else if (letter === '"') inText = false;
        return undefined;
      }
      if (letter === '"') inText = true;
      else if (letter === '{' || letter === '[') depth++;
      else if (letter === '}' || letter === ']') depth--;
      return depth === 0 ? parse(begun, element) : undefined;
    }
    if (SPACE.test(letter)) return undefined;
    if (state === 'before' && letter === '[') {
      state = 'inside';
    } else if (state === 'inside' && letter === '{') {
      depth = 1;
      element = letter;
      begun = line;
    } else if (state === 'inside' && letter === ']') {
      state = 'behind';
    } else if (!(state === 'inside' && letter === ',')) {
      return lineProblem(line, state === 'behind' ? 'text behind the array' : 'not a JSON array of objects');
    }
    return undefined;
  }

  for await (const text of decodeText(chunks)) {
    for (const letter of text) {
      const item = take(letter);
      if (item === undefined) continue;
      yield item;
      // Outside of an element nothing tells where the next one would begin.
      if (item.kind === 'problem' && depth === 0 && element === '') return;
      element = '';
    }
  }
  if (state !== 'behind') yield lineProblem(depth > 0 ? begun : line, 'the JSON array ends too early');
}

function parse(line: number, text: string): JsonElement | LineProblem {
  if (text.length >= MAXIMUM_RECORD) return tooLong(line);
  if (!isReadable(text)) return lineProblem(line, 'not valid UTF-8');
  try {
    return { kind: 'element', line, value: JSON.parse(text) as unknown };
  } catch {
    // The parser's own message quotes the text, which holds secrets.
    return lineProblem(line, 'not valid JSON');
  }
}
