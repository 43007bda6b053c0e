import { type TProperties, type TSchema, Type } from 'typebox';
import { CREDENTIALS_TYPES } from '../../model/device.ts';
import { LONGEST_NAME } from '../../model/device-name.ts';

/** A schema with its own name in the document. */
export function named<Schema extends TSchema>(name: string, schema: Schema): Schema {
  NAMED.set(schema, name);
  return schema;
}

/** Names of schemas, by identity. */
export const NAMED = new Map<TSchema, string>();

/** An object that takes and gives these members and no others. */
export function object<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });
}

/** One of a closed set of texts. */
export function oneOf<const Values extends readonly string[]>(values: Values, description?: string) {
  return Type.Unsafe<Values[number]>({
    type: 'string',
    enum: [...values],
    ...(description === undefined ? {} : { description }),
  });
}

export const UUID = Type.String({
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
  description: 'A UUID.',
});

export const NAME = Type.String({ minLength: 1, maxLength: LONGEST_NAME });

/** A time in answers. */
export const TIME = Type.String({ format: 'date-time', description: 'RFC 3339, in UTC.' });

/** A time in questions, strict so that nothing is guessed. */
export const TIME_GIVEN = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,3})?(Z|[+-]\\d{2}:\\d{2}))?$',
  description: 'RFC 3339, such as 2027-01-31 or 2027-01-31T12:00:00Z.',
});

export const CREDENTIALS_TYPE = oneOf(CREDENTIALS_TYPES, 'ThingsBoard’s types of credentials.');

/** A page of a listing. */
export function page<Schema extends TSchema>(name: string, item: Schema) {
  return named(
    name,
    object({
      items: Type.Array(item),
      next: Type.Optional(
        Type.String({ description: 'The `cursor` of the next page; absent on the last one.' }),
      ),
    }),
  );
}
