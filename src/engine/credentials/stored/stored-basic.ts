import { readJackson } from './jackson.ts';

/** An MQTT_BASIC value as ThingsBoard stores it; null and empty both mean "not part of this credential". */
export interface StoredBasic {
  readonly clientId: string | null;
  readonly userName: string | null;
  readonly password: string | null;
}

const read = new WeakMap<object, StoredBasic | undefined>();

/** The value of a record, read once for as long as the record is kept: topic checks ask again and again. */
export function storedBasicOf(record: { readonly credentialsValue: string | null }): StoredBasic | undefined {
  if (read.has(record)) return read.get(record);
  const stored = readStoredBasic(record.credentialsValue);
  read.set(record, stored);
  return stored;
}

/**
 * Reads the JSON text of MQTT_BASIC credentials as Jackson does for ThingsBoard (`thingsboard.md` sections 1.2 and 2): an
 * object with no other than the three members, each a text, a number, a boolean or null.
 * @returns `undefined` for anything else.
 */
export function readStoredBasic(json: string | null): StoredBasic | undefined {
  const members = json === null ? undefined : readJackson(json);
  if (!(members instanceof Map)) return undefined;
  const basic = { clientId: null, userName: null, password: null };
  for (const [name, value] of members) {
    if (!Object.hasOwn(basic, name)) return undefined;
    if (value !== null && typeof value !== 'string') return undefined;
    basic[name as keyof typeof basic] = value as null;
  }
  return basic;
}
