import { ThingPassError } from '../model/errors.ts';

/** Text of a form whose bytes are not UTF-8, such as a binary password. */
export interface BinaryText {
  readonly text: string;
  readonly bytes: Buffer;
}

/** A field's value: text, as scalars of a JSON body have become; objects and arrays of a JSON body stay as they are. */
export type Field = string | BinaryText | { readonly structure: unknown };

/** The name of a field, or several under which brokers send the same. */
export type FieldNames = string | readonly string[];

/**
 * The fields of one request, by name, in order, repetitions kept.
 *
 * A repeated field that anyone reads is a refusal: old NanoMQ and TBMQ paste client-chosen text into bodies unescaped, so
 * a second `username` may be the client's own.
 *
 * Two lists, since a request has few fields: putting them into a map, and looking for each of the names under which brokers
 * send a thing, took a tenth of a topic check.
 */
export class Fields {
  readonly #names: readonly string[];
  readonly #values: readonly Field[];

  /** @param values of the fields with these names, in the same order. */
  constructor(names: readonly string[] = [], values: readonly Field[] = []) {
    this.#names = names;
    this.#values = values;
  }

  names(): readonly string[] {
    return this.#names;
  }

  values(): readonly Field[] {
    return this.#values;
  }

  /**
   * The one value that stands under any of the names.
   * @throws {ThingPassError} `request_unreadable` when there are several.
   */
  get(names: FieldNames): Field | undefined {
    const at = typeof names === 'string' ? this.#placeOf(names, names) : this.#placeOfAny(names);
    return at === -1 ? undefined : this.#values[at];
  }

  #placeOfAny(names: readonly string[]): number {
    let found = -1;
    for (const name of names) {
      const at = this.#placeOf(name, names);
      if (at === -1) continue;
      if (found !== -1) throw repeated(names);
      found = at;
    }
    return found;
  }

  #placeOf(name: string, names: FieldNames): number {
    let found = -1;
    for (let at = 0; at < this.#names.length; at++) {
      if (this.#names[at] !== name) continue;
      if (found !== -1) throw repeated(names);
      found = at;
    }
    return found;
  }

  /**
   * Text of the one value under any of the names; `undefined` when absent or JSON null.
   * @throws {ThingPassError} `request_unreadable` when there are several, or it is an object or array.
   */
  text(names: FieldNames): string | undefined {
    const field = this.get(names);
    if (field === undefined || typeof field === 'string') return field;
    if ('structure' in field)
      throw new ThingPassError('request_unreadable', `field ${firstOf(names)} is not a text`);
    return field.text;
  }

  /** As {@link text}, with the empty text taken for absent, as most brokers mean it. */
  filled(names: FieldNames): string | undefined {
    return this.text(names) || undefined;
  }

  /**
   * As {@link text}, refusing absence.
   * @throws {ThingPassError} `request_unreadable` when it is absent.
   */
  required(names: FieldNames): string {
    const text = this.text(names);
    if (text === undefined)
      throw new ThingPassError('request_unreadable', `field ${firstOf(names)} is missing`);
    return text;
  }

  /** The one value under any of the names as it came: text, or the structure of a JSON body. */
  structureOrText(names: FieldNames): unknown {
    const field = this.get(names);
    if (field === undefined || typeof field === 'string') return field;
    return 'structure' in field ? field.structure : field.text;
  }

  /** Whether a text stands there, once or several times, that is neither empty nor what `isAbsent` takes for none. */
  holds(name: string, isAbsent: (text: string) => boolean = () => false): boolean {
    for (let at = 0; at < this.#names.length; at++) {
      if (this.#names[at] !== name) continue;
      const value = this.#values[at] as Field;
      if (typeof value !== 'string' && 'structure' in value) return true;
      const text = typeof value === 'string' ? value : value.text;
      if (text !== '' && !isAbsent(text)) return true;
    }
    return false;
  }

  /** The bytes of the one value under any of the names, as they were before any decoding as text. */
  bytes(names: FieldNames): Buffer | undefined {
    const field = this.get(names);
    if (field === undefined) return undefined;
    if (typeof field === 'string') return Buffer.from(field, 'utf8');
    return 'structure' in field ? undefined : field.bytes;
  }
}

function firstOf(names: FieldNames): string | undefined {
  return typeof names === 'string' ? names : names[0];
}

function repeated(names: FieldNames): ThingPassError<'request_unreadable'> {
  return new ThingPassError('request_unreadable', `field ${firstOf(names)} is repeated`);
}
