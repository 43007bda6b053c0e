import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ThingPassError } from '../../model/errors.ts';
import { isStorable } from '../../util/storable-text.ts';

export type Validator = (value: unknown) => void;

interface Fault {
  /** Where, as a JSON pointer into this part of the request (RFC 6901). */
  readonly pointer: string;
  readonly detail: string;
}

const MOST_FAULTS = 10;
/** How far bodies nest; the schemas nest less, but what they leave open must not exhaust the stack. */
const DEEPEST = 32;

/**
 * A check of one part of a request against its schema, compiled when it is first needed.
 * @param part as the problem names it: `path`, `query` or `body`.
 * @returns a function that throws {ThingPassError} `request_invalid` with a list of what is wrong, which quotes no value.
 */
export function validator(part: 'path' | 'query' | 'body', schema: TSchema): Validator {
  let compiled: ReturnType<typeof Compile> | undefined;
  return (value) => {
    const unstorable = findUnstorable(value, '', 0);
    if (unstorable !== undefined) refuse(part, [unstorable]);
    compiled ??= Compile(schema);
    if (compiled.Check(value)) return;
    const faults = compiled
      .Errors(value)
      // Said once, where it stands.
      .filter(({ keyword }) => keyword !== 'additionalProperties')
      .map(({ keyword, instancePath, message }) => ({
        pointer: instancePath,
        detail: keyword === 'boolean' ? 'is not known here' : message,
      }));
    refuse(part, faults);
  };
}

function refuse(part: string, faults: readonly Fault[]): never {
  const errors = faults.slice(0, MOST_FAULTS).map(({ pointer, detail }) => ({ in: part, pointer, detail }));
  const [first] = errors;
  throw new ThingPassError('request_invalid', `in the ${part}, at "${first?.pointer}": ${first?.detail}`, {
    errors,
  });
}

/** Text with NUL or unpaired surrogates is refused wherever it stands: no database can hold it. */
function findUnstorable(value: unknown, pointer: string, depth: number): Fault | undefined {
  if (typeof value === 'string')
    return isStorable(value) ? undefined : { pointer, detail: 'must be text without NUL, in valid Unicode' };
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === DEEPEST) return { pointer, detail: `must not nest deeper than ${DEEPEST} levels` };
  for (const [name, member] of Object.entries(value)) {
    const at = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const fault = isStorable(name)
      ? findUnstorable(member, at, depth + 1)
      : { pointer, detail: 'must have names without NUL, in valid Unicode' };
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Numbers and flags out of a query's texts, exactly where the schema expects them; all else stays as it is. */
export function readQuery(
  given: Readonly<Record<string, unknown>>,
  properties: Readonly<Record<string, TSchema>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, readParameter(value, properties[name])]),
  );
}

function readParameter(value: unknown, schema: TSchema | undefined): unknown {
  const type = (schema as { type?: string } | undefined)?.type;
  if (type === 'integer' && typeof value === 'string' && /^-?\d{1,16}$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}
