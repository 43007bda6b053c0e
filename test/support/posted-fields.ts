import assert from 'node:assert/strict';
import type { Fields } from '../../src/brokers/fields.ts';
import { readFields } from '../../src/brokers/read-fields.ts';
import { isThingPassError } from '../../src/model/errors.ts';
import { post } from './questions.ts';

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
export const JSON_TYPE = { 'content-type': 'application/json' };

/** The fields of a POST. */
export function readPosted(body: string | Buffer, headers = {}): Fields {
  return readFields(post(body, headers));
}

export function assertRefused(read: () => unknown, message: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(isThingPassError(error, 'request_unreadable'), String(error));
    assert.match(error.message, message);
    return true;
  });
}
