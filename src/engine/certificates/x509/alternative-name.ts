import { ThingPassError } from '../../../model/errors.ts';
import { contentsOf, type Element, expectTag, readChildren, readElement, readOid, TAG } from './der.ts';
import { readText } from './der-text.ts';
import { formatName, readName } from './name.ts';

/** One subject alternative name with its type (RFC 5280 section 4.2.1.6). */
export interface AlternativeName {
  readonly type: 'dns' | 'email' | 'uri' | 'ip' | 'directory' | 'registered_id' | 'other';
  /**
   * Text; an address in its usual notation; a directory name as in RFC 4514; an OID; or the text of an "other
   * name".
   */
  readonly value: string;
  /** The type of an "other name". */
  readonly oid?: string | undefined;
}

/** Context tags of GeneralName. */
const OTHER = 0xa0;
const DIRECTORY = 0xa4;
const REGISTERED_ID = 0x88;
const TEXTS = new Map<number, 'email' | 'dns' | 'uri'>([
  [0x81, 'email'],
  [0x82, 'dns'],
  [0x86, 'uri'],
]);
const IP = 0x87;

/**
 * Reads the names in their order. X.400 addresses and EDI party names are skipped, because nobody uses them.
 * @throws {ThingPassError} `der_malformed`
 */
export function readAlternativeNames(der: Uint8Array, element: Element): AlternativeName[] {
  return readChildren(der, expectTag(element, TAG.sequence, 'alternative names')).flatMap(
    (name): AlternativeName[] => {
      const text = TEXTS.get(name.tag);
      if (text !== undefined) return [{ type: text, value: latin1(der, name) }];
      if (name.tag === IP) return [{ type: 'ip', value: formatAddress(contentsOf(der, name)) }];
      if (name.tag === REGISTERED_ID) {
        return [{ type: 'registered_id', value: readOid(der, { ...name, tag: TAG.oid }) }];
      }
      if (name.tag === DIRECTORY) {
        const inner = readElement(der, name.contents, name.end);
        return [
          { type: 'directory', value: formatName(readName(der, expectTag(inner, TAG.sequence, 'name'))) },
        ];
      }
      return name.tag === OTHER ? [readOtherName(der, name)] : [];
    },
  );
}

function latin1(der: Uint8Array, element: Element): string {
  return Buffer.from(contentsOf(der, element)).toString('latin1');
}

/** OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT ANY }, such as Microsoft's user principal name. */
function readOtherName(der: Uint8Array, element: Element): AlternativeName {
  const [type, wrapper] = readChildren(der, element);
  const value = readElement(der, expectTag(wrapper, 0xa0, 'other name').contents, element.end);
  return { type: 'other', oid: readOid(der, type), value: readText(der, value).value };
}

function formatAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) throw new ThingPassError('der_malformed', 'address');
  const groups = Buffer.from(octets).toString('hex').match(/.{4}/g) ?? [];
  const text = groups.map((group) => group.replace(/^0{1,3}/, '')).join(':');
  // Replaces the longest run of zero groups by `::` (RFC 5952 section 4.2).
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run);
  const longest = runs.sort((one, other) => other.length - one.length)[0];
  return longest === undefined
    ? text
    : text.replace(longest, text.endsWith(longest) ? '::' : ':').replace(/^:(?!:)/, '::');
}
