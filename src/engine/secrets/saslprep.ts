/**
 * SASLprep (RFC 4013): what SCRAM does to a password before hashing it, so that the same letters typed on another
 * keyboard give the same key. ASCII passwords come out as they are.
 */

/** RFC 3454 table C.1.2. */
const NON_ASCII_SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;

/** RFC 3454 table B.1: commonly mapped to nothing. */
const NOTHING = /\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|\u200d|[\u00ad\u1806\u200b\u200c\u2060\ufeff]/gu;

/** Tables C.2.1, C.2.2, C.3 to C.9: controls, private use, non-characters, surrogates, and what changes display. */
const PROHIBITED = new RegExp(
  [
    '[\\u0000-\\u001f\\u007f-\\u009f\\u06dd\\u070f\\u180e\\u200e\\u200f\\u2028-\\u202e\\u2061-\\u2063\\u206a-\\u206f]',
    '[\\ufff9-\\ufffd\\u2ff0-\\u2ffb\\u0340\\u0341\\u{1d173}-\\u{1d17a}\\u{e0001}\\u{e0020}-\\u{e007f}]',
    '\\p{Private_Use}|\\p{Noncharacter_Code_Point}|\\p{Surrogate}',
  ].join('|'),
  'u',
);

/** Tables D.1 and D.2, by the scripts and classes that they list. */
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;
const LEFT_TO_RIGHT =
  /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hiragana}]/u;

/**
 * @returns the prepared text.
 * @throws {RangeError} for a text with characters that RFC 4013 section 2.3 or 2.4 forbids.
 *
 * Code points unassigned in Unicode 3.2 (section 2.5) are let through: clients do so, and the normal form of newer ones
 * is fixed by now.
 */
export function saslPrep(text: string): string {
  // U+200B stands in both tables; the RFC maps it to a space first.
  const prepared = text.replace(NON_ASCII_SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
  if (PROHIBITED.test(prepared)) throw new RangeError('the password has characters that SASLprep forbids');
  if (RIGHT_TO_LEFT.test(prepared)) {
    const letters = Array.from(prepared);
    const framed = RIGHT_TO_LEFT.test(letters[0] as string) && RIGHT_TO_LEFT.test(letters.at(-1) as string);
    if (!framed || LEFT_TO_RIGHT.test(prepared)) {
      throw new RangeError('the password mixes directions as SASLprep forbids');
    }
  }
  return prepared;
}
