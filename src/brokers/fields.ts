import { RequestUnreadable, type WebhookRequest } from './dialect.ts';
import { parseForm } from './form.ts';
import { parseJsonObject } from './json-object.ts';

/** A field's value: `bytes` is there when the bytes are not the UTF-8 of `text` (binary passwords in forms). */
export interface FieldValue {
  readonly text: string;
  readonly bytes?: Buffer | undefined;
}

/** Objects and arrays of a JSON body stay as they are; scalars have become text. */
export type Field = FieldValue | { readonly structure: unknown };

/**
 * The fields of one request, by name, in order, repetitions kept.
 *
 * A repeated field that anyone reads is a refusal: old NanoMQ and TBMQ paste client-chosen text into bodies unescaped, so
 * a second `username` may be the client's own.
 */
export class Fields {
  readonly #values: ReadonlyMap<string, readonly Field[]>;

  constructor(values: ReadonlyMap<string, readonly Field[]>) {
    this.#values = values;
  }

  get size(): number {
    return this.#values.size;
  }

  names(): IterableIterator<string> {
    return this.#values.keys();
  }

  /**
   * The one value that stands under any of the names.
   * @throws {RequestUnreadable} when there are several.
   */
  get(...names: readonly string[]): Field | undefined {
    let found: Field | undefined;
    for (const name of names) {
      const values = this.#values.get(name);
      if (values === undefined) continue;
      if (values.length > 1 || found !== undefined)
        throw new RequestUnreadable(`field ${names[0]} is repeated`);
      found = values[0];
    }
    return found;
  }

  /**
   * Text of the one value under any of the names; `undefined` when absent or JSON null.
   * @throws {RequestUnreadable} when there are several, or it is an object or array.
   */
  text(...names: readonly string[]): string | undefined {
    const field = this.get(...names);
    if (field === undefined) return undefined;
    if ('structure' in field) throw new RequestUnreadable(`field ${names[0]} is not a text`);
    return field.text;
  }

  /** As {@link text}, with the empty text taken for absent, as most brokers mean it. */
  filled(...names: readonly string[]): string | undefined {
    return this.text(...names) || undefined;
  }

  /**
   * As {@link text}, refusing absence.
   * @throws {RequestUnreadable} when it is absent.
   */
  required(...names: readonly string[]): string {
    const text = this.text(...names);
    if (text === undefined) throw new RequestUnreadable(`field ${names[0]} is missing`);
    return text;
  }

  /** Whether a text stands there, once or several times, that is neither empty nor what `isAbsent` takes for none. */
  holds(name: string, isAbsent: (text: string) => boolean = () => false): boolean {
    const values = this.#values.get(name);
    if (values === undefined) return false;
    return values.some((value) => 'structure' in value || (value.text !== '' && !isAbsent(value.text)));
  }

  /** The bytes of the one value under any of the names, as they were before any decoding as text. */
  bytes(...names: readonly string[]): Buffer | undefined {
    const field = this.get(...names);
    if (field === undefined || 'structure' in field) return undefined;
    return field.bytes ?? Buffer.from(field.text, 'utf8');
  }
}

const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * The fields of a request: of the query for GET (of the body where the query is empty: mosquitto-go-auth sends GET with a
 * JSON body), of the body otherwise.
 *
 * Whether a body is JSON or a form is seen from its first byte, not from its content type: NanoMQ sends forms as
 * `application/json; charset=utf-8` (`nanomq.md` section 2), and a broker, not its client, writes the first byte.
 * @throws {RequestUnreadable} for a body that is neither, or a content type that no broker uses for these.
 */
export function readFields(request: WebhookRequest): Fields {
  if (request.method === 'GET' && (request.query !== '' || request.body.length === 0)) {
    return new Fields(parseForm(Buffer.from(request.query, 'latin1')));
  }
  return readBody(request);
}

/** The fields of the body alone; see {@link readFields}. */
export function readBody(request: WebhookRequest): Fields {
  const { body } = request;
  refuseForeignContentType(request.headers['content-type']);
  let start = 0;
  while (start < body.length && WHITE_SPACE.has(body[start] as number)) start++;
  if (start === body.length) return new Fields(new Map());
  switch (body[start]) {
    case 0x7b: // {
      return new Fields(parseJsonObject(body));
    // Other JSON, and a byte-order mark with whatever behind it, may hold a client's `x&username=admin`: never a form.
    case 0x5b: // [
    case 0x22: // "
    case 0xef:
    case 0xfe:
    case 0xff:
      throw new RequestUnreadable(NEITHER);
  }
  // mosquitto-go-auth's jwt backend sends the JSON text null for "nothing to say" (`mosquitto.md` section 9).
  if (body.length - start <= 6 && body.toString('latin1', start).trim() === 'null')
    return new Fields(new Map());
  if (!body.includes(0x3d)) throw new RequestUnreadable(NEITHER);
  return new Fields(parseForm(body));
}

const NEITHER = 'the body is neither a JSON object nor a form';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

function refuseForeignContentType(contentType: string | undefined): void {
  if (contentType === undefined || contentType === JSON_TYPE || contentType === FORM || contentType === '')
    return;
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== JSON_TYPE && type !== FORM) {
    throw new RequestUnreadable(`the content type is neither ${JSON_TYPE} nor ${FORM}`);
  }
}
