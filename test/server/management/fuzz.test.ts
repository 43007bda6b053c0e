import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { onEachDatabase } from '../../storage/support/on-each-database.ts';
import { type DescribedOperation, DOCUMENT } from './support/api-client.ts';
import { apiServer } from './support/api-server.ts';
import { fitting, JUNK, spoiled } from './support/arbitrary-input.ts';

/** For each operation and database. */
const RUNS = process.env.THINGPASS_SOAK === undefined ? 12 : 200;

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
/** A URL cannot hold these as a segment: they are taken for a way through the path, however they are escaped. */
const segment = (value: unknown): string =>
  text(value)
    .toWellFormed()
    .replace(/^\.{0,2}$/, 'dots');
const inUrl = (value: unknown): string => encodeURIComponent(text(value).toWellFormed());

/** Requests to an operation of which at least one part is not as the document describes it, more often than not. */
function requests(one: DescribedOperation) {
  const parameters = one.parameters ?? [];
  const values = (place: string) =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((parameter) => parameter.in === place)
          .map(({ name, schema }) => [name, fc.oneof(fitting(schema), JUNK)]),
      ),
    );
  const schema = one.requestBody?.content['application/json']?.schema;
  const file = one.requestBody !== undefined && schema === undefined;
  const body =
    schema === undefined
      ? file
        ? fc.string({ unit: 'binary', maxLength: 200 })
        : fc.constant(undefined)
      : fc.oneof(spoiled(schema), fitting(schema), JUNK);
  return fc.record({ path: values('path'), query: values('query'), header: values('header'), body });
}

onEachDatabase((database) => {
  const server = apiServer(database);

  for (const methods of Object.values(DOCUMENT.paths)) {
    for (const { operationId } of Object.values(methods)) {
      test(`${operationId} answers whatever it is sent with what the document says, and never with a mistake`, async () => {
        const { api } = server;
        const one = api.operations.get(operationId) as DescribedOperation;
        await fc.assert(
          fc.asyncProperty(requests(one), async ({ path, query, header, body }) => {
            const isFitting = fits(one, { path, query, header, body });
            const answer = await api.ask(operationId, {
              path: Object.fromEntries(Object.entries(path).map(([name, value]) => [name, segment(value)])),
              query: Object.fromEntries(
                Object.entries(query).map(([name, value]) => [name, text(value).toWellFormed()]),
              ),
              headers: Object.fromEntries(
                Object.entries(header).map(([name, value]) => [name, inUrl(value)]),
              ),
              ...(body === undefined ? {} : { body: JSON.stringify(body) }),
            });
            assert.ok(answer.status < 500, `${answer.status}`);
            if (!isFitting) assert.ok(answer.status >= 400, `${answer.status} for what is not described`);
          }),
          { numRuns: RUNS },
        );
        assert.deepEqual(
          server.logged.filter(({ level }) => level === 'error'),
          [],
        );
      });
    }
  }

  function fits(
    one: DescribedOperation,
    given: Record<'path' | 'query' | 'header', Record<string, unknown>> & { body: unknown },
  ): boolean {
    const parameters = (one.parameters ?? []).every(({ name, in: place, schema }) => {
      const value = given[place][name];
      const { type } = schema as { type?: string };
      // A number in a URL is a text; only what stands for itself can be told from what is not described.
      const asSent =
        type === 'integer' || type === 'boolean'
          ? value
          : place === 'path'
            ? segment(value)
            : text(value).toWellFormed();
      return server.api.isValid(schema, asSent);
    });
    const schema = one.requestBody?.content['application/json']?.schema;
    return parameters && (schema === undefined || server.api.isValid(schema, given.body));
  }
});
