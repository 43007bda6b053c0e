import { ThingPassError } from '../../../model/errors.ts';
import { type Element, expectTag, readChildren, readOid, TAG } from './der.ts';
import { readText, type StringType } from './der-text.ts';

export const COMMON_NAME = '2.5.4.3';

/** One attribute of a distinguished name. */
interface NameAttribute {
  readonly oid: string;
  readonly value: string;
  readonly stringType: StringType;
}

/** A distinguished name: RDNs in encoded order, each a set of attributes in encoded order (RFC 5280 section 4.1.2.4). */
export type Name = readonly (readonly NameAttribute[])[];

export function readName(der: Uint8Array, element: Element): Name {
  return readChildren(der, element).map((rdn) => {
    const attributes = readChildren(der, expectTag(rdn, TAG.set, 'RDN')).map((attribute): NameAttribute => {
      const [type, value, ...others] = readChildren(der, expectTag(attribute, TAG.sequence, 'attribute'));
      if (value === undefined || others.length > 0)
        throw new ThingPassError('der_malformed', 'attribute of a name');
      return { oid: readOid(der, type), ...readText(der, value) };
    });
    if (attributes.length === 0) throw new ThingPassError('der_malformed', 'RDN without attributes');
    return attributes;
  });
}

/** All common names in encoded order; ThingsBoard, HAProxy and Mosquitto use the first. */
export function commonNamesOf(name: Name): string[] {
  return name.flat().flatMap(({ oid, value }) => (oid === COMMON_NAME ? [value] : []));
}

/**
 * The short names of RFC 4514 section 3, and others that brokers and proxies write (`forwarded-certificates.md`
 * section 6).
 */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.4', 'SN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'street'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.12', 'title'],
  ['2.5.4.42', 'GN'],
  ['2.5.4.46', 'dnQualifier'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
]);

/**
 * Formats a name as in RFC 4514: last RDN first, special characters escaped, control characters as hex. For display
 * and logs, never for a comparison.
 */
export function formatName(name: Name): string {
  return name
    .map((rdn) =>
      rdn.map(({ oid, value }) => `${SHORT_NAMES.get(oid) ?? oid}=${escapeValue(value)}`).join('+'),
    )
    .reverse()
    .join(',');
}

function escapeValue(value: string): string {
  return value
    .replaceAll(/[\\",+;<>]|^[ #]| $/g, (special) => `\\${special}`)
    .replaceAll(
      /\p{Cc}/gu,
      (control) =>
        `\\${Buffer.from(control)
          .toString('hex')
          .replaceAll(/..(?=.)/g, '$&\\')}`,
    );
}

/**
 * Whether two names are equal for chaining (RFC 5280 section 7.1): attribute by attribute, ignoring case, runs of
 * white space, string types and the order inside an RDN.
 */
export function sameName(one: Name, other: Name): boolean {
  return nameKey(one) === nameKey(other);
}

/** A key that is equal for two names exactly if {@link sameName} is true for them. */
export function nameKey(name: Name): string {
  return JSON.stringify(
    name.map((rdn) =>
      rdn
        .map(({ oid, value, stringType }) =>
          stringType === 'other'
            ? [oid, value]
            : [oid, value.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase()],
        )
        .sort((left, right) => (String(left) < String(right) ? -1 : 1)),
    ),
  );
}
