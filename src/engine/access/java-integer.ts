const INTEGER = /^[+-]?\p{Nd}+$/u;
const LEAST = -(2 ** 31);
const MOST = 2 ** 31 - 1;

/** Whether Java's `Integer.parseInt` takes the text: a sign, digits of any script of the BMP, 32 bits. */
export function isJavaInteger(text: string): boolean {
  if (!INTEGER.test(text) || /[\ud800-\udfff]/.test(text)) return false;
  const negative = text.startsWith('-');
  let value = 0;
  for (const digit of text.replace(/^[+-]/, '')) {
    value = value * 10 + digitValue(digit);
    if (value > MOST + 1) return false;
  }
  return negative ? -value >= LEAST : value <= MOST;
}

/** Digits of a script stand together, zero first, ten by ten (Unicode Standard section 4.6). */
function digitValue(digit: string): number {
  const code = digit.charCodeAt(0);
  if (code < 0x80) return code - 0x30;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCharCode(first - 1))) first--;
  return (code - first) % 10;
}
