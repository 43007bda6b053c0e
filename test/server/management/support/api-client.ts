import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { keepSecretMembers } from '../../../support/kept-logs.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: object;
}

interface DescribedAnswer {
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

export interface DescribedOperation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly parameters?: readonly Parameter[];
  /** Files have no schema. */
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: object }>> };
  readonly responses: Readonly<Record<string, DescribedAnswer>>;
}

export interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, Omit<DescribedOperation, 'path' | 'method'>>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** The document as it stands in the repository, which is all that a client has. */
export const DOCUMENT = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../../deploy/openapi.json', import.meta.url)), 'utf8'),
) as Document;

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what it is has been checked against the document
  readonly body: any;
}

export interface Arguments {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * A client that knows nothing but an OpenAPI document: it finds operations by their id, builds the request out of their
 * parameters, and holds every answer to the document (status, content type, headers, schema).
 */
export class ApiClient {
  readonly operations: ReadonlyMap<string, DescribedOperation>;
  readonly #url: string;
  readonly #key: string | undefined;
  readonly #document: Document;
  readonly #ajv: Ajv2020;

  constructor(url: string, key: string | undefined, document: Document = DOCUMENT) {
    this.#url = url + document.servers[0]?.url;
    this.#key = key;
    this.#document = document;
    this.#ajv = new Ajv2020({ strict: false, validateFormats: false });
    this.#ajv.addSchema(document, 'openapi');
    this.operations = new Map(
      Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, one]) => [one.operationId, { ...one, path, method }]),
      ),
    );
  }

  /** A key of its own for the same server. */
  as(key: string | undefined): ApiClient {
    return new ApiClient(
      this.#url.slice(0, -(this.#document.servers[0]?.url.length ?? 0)),
      key,
      this.#document,
    );
  }

  /** Calls and expects one of the document's successes. */
  async call(operationId: string, args: Arguments = {}): Promise<ApiAnswer> {
    const answer = await this.ask(operationId, args);
    assert.ok(answer.status < 300, `${operationId}: ${answer.status} ${JSON.stringify(answer.body)}`);
    keepSecretMembers([args.body, answer.body]);
    return answer;
  }

  /** Calls and expects a problem of this type. */
  async refused(code: string, operationId: string, args: Arguments = {}): Promise<ApiAnswer> {
    const answer = await this.ask(operationId, args);
    assert.equal(
      answer.body?.type,
      `/docs/problems#${code}`,
      `${operationId}: ${JSON.stringify(answer.body)}`,
    );
    return answer;
  }

  /** Calls and holds the answer to the document, whatever it is. */
  async ask(
    operationId: string,
    { path = {}, query = {}, headers = {}, body }: Arguments = {},
  ): Promise<ApiAnswer> {
    const one = this.operations.get(operationId);
    assert.ok(one, `the document has no operation ${operationId}`);
    const given = { path, query, header: headers };
    for (const [place, values] of Object.entries(given)) {
      for (const name of Object.keys(values)) {
        const known = one.parameters?.some(
          (parameter) => parameter.in === place && parameter.name.toLowerCase() === name.toLowerCase(),
        );
        assert.ok(known || place !== 'path', `${operationId} has no parameter ${name}`);
      }
    }
    const url = new URL(
      this.#url + one.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? '')),
    );
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, String(value));
    const response = await fetch(url, {
      method: one.method.toUpperCase(),
      headers: {
        ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        ...(body === undefined ? {} : { 'content-type': mediaTypeOf(one) }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return this.#held(one, response);
  }

  /** Whether a value is what a schema of the document says. */
  isValid(schema: object, value: unknown): boolean {
    return this.#ajv.compile(absolute(schema))(value) as boolean;
  }

  async #held(one: DescribedOperation, response: Response): Promise<ApiAnswer> {
    const detail = `${one.operationId} answered ${response.status}`;
    const described = one.responses[response.status];
    const text = await response.text();
    assert.ok(described, `${detail}, which the document has not: ${text}`);
    for (const name of Object.keys(described.headers ?? {}))
      assert.ok(response.headers.has(name), `${detail} without ${name}`);
    if (described.content === undefined) {
      assert.equal(text, '', detail);
      return { status: response.status, headers: response.headers, body: undefined };
    }
    const [type = '', { schema } = { schema: {} }] = Object.entries(described.content)[0] ?? [];
    assert.equal(response.headers.get('content-type')?.split(';')[0], type, detail);
    const body: unknown = JSON.parse(text);
    const validate = this.#ajv.compile(absolute(schema));
    assert.ok(validate(body), `${detail}: ${JSON.stringify(validate.errors)} in ${text}`);
    return { status: response.status, headers: response.headers, body };
  }
}

/** The first that it takes. */
function mediaTypeOf({ requestBody }: DescribedOperation): string {
  return Object.keys(requestBody?.content ?? {})[0] ?? 'application/json';
}

/** References of the document, as seen from outside of it. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components')) as object;
}
