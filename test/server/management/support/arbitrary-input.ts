import fc from 'fast-check';
import { DOCUMENT } from './api-client.ts';

type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
};

const BY_PATTERN: readonly string[] = [
  '6a1f3a0e-0000-4000-8000-000000000001',
  '2027-01-31',
  '2027-01-31T12:00:00Z',
  'ab'.repeat(32),
];

/** Values that a schema of the document takes, as far as these tests use its words. */
export function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined)
    return fitting(DOCUMENT.components.schemas[schema.$ref.split('/').at(-1) as string] as Schema);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(fitting));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if ('const' in schema) return fc.constant(schema.const);
  switch (schema.type) {
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(
        ([name, one]) => [name, fitting(one)] as const,
      );
      return fc.record(Object.fromEntries(members), { requiredKeys: [...(schema.required ?? [])] });
    }
    case 'array':
      return fc.array(fitting(schema.items ?? {}), { maxLength: 3 });
    case 'string': {
      const { pattern, minLength = 0, maxLength = 40 } = schema;
      if (pattern !== undefined) {
        const matching = BY_PATTERN.filter((one) => new RegExp(pattern).test(one));
        return matching.length > 0 ? fc.constantFrom(...matching) : fc.constant('');
      }
      return fc.string({ minLength, maxLength: Math.min(maxLength, 40) });
    }
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? -5, max: Math.min(schema.maximum ?? 100, 1_000) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

/** What nobody expects: other types, empty and long texts, control characters, text that no database can hold. */
export const JUNK: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    ...['', ' ', '\0', 'a\0b', '\ud800', '\u0001', "' OR 1=1 --", '%00', '../..', 'NaN'],
    ...['x'.repeat(300), 'x'.repeat(5_000), -1, 0, 1e308, 2 ** 53, 1.5, null, true, [], {}, [[[]]]],
    ...[{ toString: 1 }, { constructor: { prototype: 1 } }, { length: -1 }],
  ),
);

/** A fitting value with one thing wrong somewhere in it: a member gone, unknown, or of another kind. */
export function spoiled(schema: Schema): fc.Arbitrary<unknown> {
  return fc
    .tuple(
      fitting(schema),
      JUNK,
      fc.array(fc.nat(), { maxLength: 3 }),
      fc.constantFrom('replace', 'remove', 'add'),
    )
    .map(([value, junk, way, how]) => spoil(structuredClone(value), junk, way, how));
}

function spoil(value: unknown, junk: unknown, way: readonly number[], how: string): unknown {
  const [turn, ...rest] = way;
  if (turn === undefined || typeof value !== 'object' || value === null) return junk;
  const subject = value as Record<string, unknown>;
  const names = Object.keys(subject);
  const name = names[turn % Math.max(names.length, 1)];
  if (how === 'add' || name === undefined) subject[`unknown${turn % 7}`] = junk;
  else if (rest.length === 0 && how === 'remove') delete subject[name];
  else subject[name] = spoil(subject[name], junk, rest, how);
  return subject;
}
