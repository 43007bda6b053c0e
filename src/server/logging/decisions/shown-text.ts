/** Printable ASCII without characters that JSON escapes: one byte each. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** What could play with a terminal or hide in a log: controls, format characters such as the bidirectional ones, line separators, halves of pairs. */
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]$/u;
const CUT = '…';
const CUT_BYTES = 3;

/**
 * A foreign text as logs and the API show it: invisible characters are written out, as `\u{1b}`, and a text that is too long
 * ends with `…`.
 * @param mostBytes the longest result, as a JSON string in UTF-8 without its quotes.
 */
export function shownText(text: string, mostBytes: number): string {
  if (text.length <= mostBytes && PLAIN.test(text)) return text;
  let shown = '';
  let bytes = 0;
  /** Where to cut, should the rest not fit. */
  let upTo = 0;
  for (const character of text) {
    const visible = INVISIBLE.test(character)
      ? `\\u{${(character.codePointAt(0) as number).toString(16)}}`
      : character;
    bytes += Buffer.byteLength(JSON.stringify(visible)) - 2;
    if (bytes > mostBytes) return shown.slice(0, upTo) + CUT;
    shown += visible;
    if (bytes <= mostBytes - CUT_BYTES) upTo = shown.length;
  }
  return shown;
}
