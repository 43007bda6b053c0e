/** Longer than every text below, so that certificates are skipped without a comparison. */
const MAX_LENGTH = 120;

/** Apache writes `(null)` and Squid `-` if there is no value (`forwarded-certificates.md` sections 4.5 and 4.9). */
const ABSENT_TEXTS: ReadonlySet<string> = new Set(['(null)', '-']);

/** Caddy 2.6 sends the placeholder itself, also between the colons of an RFC 9440 template (section 4.6). */
const CADDY_PLACEHOLDER = /^:?\{http\.request\.tls\.client\.[a-z0-9_.]+\}:?$/;

/** HAProxy's template without its condition writes markers around nothing (section 4.4). */
const EMPTY_MARKERS = /^-----BEGIN CERTIFICATE-----[ \t]*-----END CERTIFICATE-----$/;

/**
 * Whether a field's text means that there is no certificate: it is missing, blank, or one of the texts that
 * products are known to write then (section 2, rule 5). Other texts are never taken for absence: `null` is three
 * bytes in Base64.
 */
export function isAbsent(text: string | undefined): boolean {
  if (text === undefined) return true;
  const trimmed = trimBlanks(text);
  if (trimmed === '') return true;
  if (trimmed.length > MAX_LENGTH) return false;
  return ABSENT_TEXTS.has(trimmed) || CADDY_PLACEHOLDER.test(trimmed) || EMPTY_MARKERS.test(trimmed);
}

/** Removes surrounding blanks and tabs, which are not part of a field's value (RFC 9110 section 5.5). */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start++;
  while (end > start && isBlank(text, end - 1)) end--;
  return text.slice(start, end);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}
