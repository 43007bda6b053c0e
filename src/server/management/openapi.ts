import type { TObject, TSchema } from 'typebox';
import { SCOPES } from '../../fleet/devices/api-key.ts';
import { REFUSALS, type RefusalCode } from '../../model/errors.ts';
import { VERSION } from '../../util/version.ts';
import type { AnswerDescription, Operation } from './operation.ts';
import { PROBLEMS, typeOf } from './problem.ts';
import { NAMED } from './schemas.ts';

type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };
type JsonObject = { readonly [name: string]: Json | undefined };

/** Problems that any operation may answer. */
const ALWAYS: readonly RefusalCode[] = [
  'request_invalid',
  'key_missing',
  'key_invalid',
  'scope_missing',
  'storage_unavailable',
];
const WITH_BODY: readonly RefusalCode[] = ['body_unreadable', 'body_too_large', 'content_type_unsupported'];

const PROBLEM_SCHEMA: JsonObject = {
  type: 'object',
  description: 'RFC 9457. What else a problem holds is said where its type is explained.',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', enum: (Object.keys(PROBLEMS) as RefusalCode[]).map(typeOf) },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['in', 'pointer', 'detail'],
        properties: {
          in: { type: 'string', enum: ['path', 'query', 'body'] },
          pointer: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
    takenBy: {
      type: 'object',
      required: ['id', 'name'],
      properties: { id: { type: 'string' }, name: { type: 'string' } },
    },
    scopes: { type: 'array', items: { type: 'string', enum: [...SCOPES] } },
  },
};

const HEADERS: Readonly<Record<string, JsonObject>> = {
  ETag: { description: 'The version, for `If-Match`.', schema: { type: 'string' } },
  Location: { description: 'Where it is.', schema: { type: 'string' } },
};

/** The OpenAPI 3.1 document of the operations. Schemas are JSON Schema 2020-12 already, which 3.1 takes as they are. */
export function openApiDocument(operations: readonly Operation[]): JsonObject {
  const components = new Map<string, Json>();
  const reference = (schema: TSchema): Json => referTo(schema, components);
  const paths: Record<string, Record<string, Json>> = {};
  for (const one of operations) {
    paths[one.path] ??= {};
    (paths[one.path] as Record<string, Json>)[one.method.toLowerCase()] = describe(one, reference);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'ThingPass management API',
      version: VERSION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Devices, credentials and what may be done with them. Every request brings an API key, made by `thingpass api-key create`; its scopes are read, write and provision.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ apiKey: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'thingpass_<id>_<secret>' },
      },
      schemas: {
        ...Object.fromEntries([...components].sort(([one], [other]) => (one < other ? -1 : 1))),
        Problem: PROBLEM_SCHEMA,
      },
    },
  };
}

function describe(one: Operation, reference: (schema: TSchema) => Json): Json {
  const scopes = one.scopes.map((scope) => `\`${scope}\``).join(' or ');
  const parameters = [
    ...parametersOf('path', one.params, reference),
    ...parametersOf('query', one.query, reference),
    ...(one.ifMatch === undefined ? [] : [{ ...IF_MATCH, required: one.ifMatch === 'required' }]),
  ];
  return {
    operationId: one.id,
    tags: [one.tag],
    summary: one.summary,
    description: [one.description, `The key needs the scope ${scopes}.`].filter(Boolean).join(' '),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(one, reference),
    responses: {
      ...Object.fromEntries(
        Object.entries(one.answers).map(([status, answer]) => [status, describeAnswer(answer, reference)]),
      ),
      ...problemsOf(one),
    },
  };
}

function requestBody({ body, upload }: Operation, reference: (schema: TSchema) => Json): JsonObject {
  if (upload !== undefined)
    return { requestBody: { required: true, content: Object.fromEntries(upload.map((type) => [type, {}])) } };
  if (body === undefined) return {};
  return { requestBody: { required: true, content: { 'application/json': { schema: reference(body) } } } };
}

const IF_MATCH: JsonObject = {
  name: 'If-Match',
  in: 'header',
  description: 'The `ETag` of what was read, or `*` to replace whatever is there.',
  schema: { type: 'string' },
};

function parametersOf(
  place: 'path' | 'query',
  schema: TObject | undefined,
  reference: (schema: TSchema) => Json,
): Json[] {
  if (schema === undefined) return [];
  return Object.entries(schema.properties).map(([name, property]) => {
    const { description, ...rest } = reference(property) as Record<string, Json>;
    return {
      name,
      in: place,
      required: schema.required?.includes(name) ?? false,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function describeAnswer(
  { description, schema, headers = [] }: AnswerDescription,
  reference: (schema: TSchema) => Json,
): Json {
  return {
    description,
    ...(headers.length === 0
      ? {}
      : { headers: Object.fromEntries(headers.map((name) => [name, HEADERS[name] as JsonObject])) }),
    ...(schema === undefined ? {} : { content: { 'application/json': { schema: reference(schema) } } }),
  };
}

/** The problems by status, each with its types in words. */
function problemsOf(one: Operation): Record<string, Json> {
  const codes = [
    ...ALWAYS,
    ...(one.body === undefined && one.upload === undefined ? [] : WITH_BODY),
    ...(one.ifMatch === undefined ? [] : (['precondition_failed'] as const)),
    ...(one.ifMatch === 'required' ? (['precondition_required'] as const) : []),
    ...(one.problems ?? []),
  ];
  const byStatus = new Map<number, RefusalCode[]>();
  for (const code of codes) {
    const [status] = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const schema = { $ref: '#/components/schemas/Problem' };
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      String(status),
      {
        description: ofStatus.map((code) => `\`${code}\`: ${REFUSALS[code]}`).join('. '),
        content: { 'application/problem+json': { schema } },
      },
    ]),
  );
}

/** A schema with what has a name replaced by a reference to it; named schemas are gathered on the way. */
function referTo(schema: TSchema, components: Map<string, Json>): Json {
  const name = NAMED.get(schema);
  if (name === undefined) return expand(schema, components);
  if (!components.has(name)) {
    components.set(name, null);
    components.set(name, expand(schema, components));
  }
  return { $ref: `#/components/schemas/${name}` };
}

function expand(value: unknown, components: Map<string, Json>): Json {
  if (Array.isArray(value)) return value.map((one) => inner(one, components));
  if (typeof value !== 'object' || value === null) return value as Json;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inner(member, components)]));
}

function inner(value: unknown, components: Map<string, Json>): Json {
  return typeof value === 'object' && value !== null
    ? referTo(value as TSchema, components)
    : (value as Json);
}
