import { COMMON_NAME, type Name } from '../../certificates/x509/name.ts';

/**
 * The common name as ThingsBoard's provisioning reads it (`thingsboard.md` section 4.4): of the first RDN that holds one, the
 * first attribute in encoded order, whatever it is, as text with its specials escaped.
 * @returns `undefined` for a subject without a common name, and for a value that has no text (UniversalString).
 */
export function provisioningCommonName(subject: Name): string | undefined {
  const [first] = subject.find((rdn) => rdn.some(({ oid }) => oid === COMMON_NAME)) ?? [];
  if (first === undefined || first.stringType === 'universalString') return undefined;
  // Of what is no string, the encoding is written as `#` and hex.
  return first.stringType === 'other' ? first.value : escapeValue(first.value);
}

/** Bouncy Castle's `IETFUtils.valueToString`: near to RFC 4514, with `=` escaped and every blank at both ends. */
function escapeValue(value: string): string {
  const [, leading = '', middle = '', trailing = ''] = /^( *)(.*?)( *)$/s.exec(value) ?? [];
  const escaped = middle.replaceAll(/[,"\\+=<>;]/g, '\\$&');
  const blanks = (text: string): string => text.replaceAll(' ', '\\ ');
  return `${blanks(leading)}${value.startsWith('#') ? '\\' : ''}${escaped}${blanks(trailing)}`;
}
