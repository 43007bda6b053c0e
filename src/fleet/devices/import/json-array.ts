import { type LineProblem, lineProblem } from './import-item.ts';
import { type Chunks, decodeText, isValidUtf8, MAX_RECORD_CHARACTERS, tooLong } from './text.ts';

export interface JsonElement {
  readonly kind: 'element';
  /** The line in which the element begins. */
  readonly line: number;
  readonly value: unknown;
}

const SPACE = /\s/;

/**
 * Reads the elements of a JSON array of objects one at a time: parsing the whole file would hold every user in
 * memory twice. Elements are found by their braces and parsed separately, so a malformed element affects only
 * itself.
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
      if (element.length < MAX_RECORD_CHARACTERS) element += letter;
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
      return lineProblem(line, state === 'behind' ? 'text after the array' : 'not a JSON array of objects');
    }
    return undefined;
  }

  for await (const text of decodeText(chunks)) {
    for (const letter of text) {
      const item = take(letter);
      if (item === undefined) continue;
      yield item;
      // Outside an element, the start of the next one cannot be found.
      if (item.kind === 'problem' && depth === 0 && element === '') return;
      element = '';
    }
  }
  if (state !== 'behind') yield lineProblem(depth > 0 ? begun : line, 'the JSON array is not closed');
}

function parse(line: number, text: string): JsonElement | LineProblem {
  if (text.length >= MAX_RECORD_CHARACTERS) return tooLong(line);
  if (!isValidUtf8(text)) return lineProblem(line, 'not valid UTF-8');
  try {
    return { kind: 'element', line, value: JSON.parse(text) as unknown };
  } catch {
    // The parser's message quotes the text, which contains secrets.
    return lineProblem(line, 'not valid JSON');
  }
}
