/** Text that no database can hold, so nothing is found by it: PostgreSQL refuses NUL, and surrogates become other text. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
