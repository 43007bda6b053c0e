import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readFields } from '../../src/brokers/read-fields.ts';
import { isThingPassError } from '../../src/model/errors.ts';
import { hostileRequests } from '../support/hostile-requests.ts';
import { assertRefused, FORM, readPosted } from '../support/posted-fields.ts';
import { get, post } from '../support/questions.ts';

describe('a request', () => {
  it('is read by its first byte, not by its content type', () => {
    assert.equal(
      readPosted('username=x', { 'content-type': 'application/json; charset=utf-8' }).text('username'),
      'x',
    );
    assert.equal(readPosted('\r\n {"username":"x"}', FORM).text('username'), 'x');
    assert.equal(readPosted('username=x').text('username'), 'x');
    assert.equal(
      readPosted('username=x', { 'content-type': 'Application/X-WWW-Form-Urlencoded ; x' }).text('username'),
      'x',
    );
  });

  it('is refused for a content type of another world, and for other JSON than an object', () => {
    for (const type of [
      'text/plain',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      ';',
    ]) {
      assertRefused(() => readPosted('username=x', { 'content-type': type }), /content type/);
    }
    for (const body of [
      '[]',
      '["x&username=admin"]',
      '"x&username=admin"',
      '1',
      'true',
      'nullx',
      '\ufeffx&username=admin',
    ]) {
      assertRefused(() => readPosted(body), /neither a JSON object nor a form/);
    }
    assertRefused(() => readPosted('{"username":"x"'), /not JSON/);
    assertRefused(() => readPosted('{username=x}'), /not JSON/);
  });

  it('without a body has no fields', () => {
    for (const body of ['', ' \r\n', 'null', ' null\n']) assert.equal(readPosted(body).names().length, 0);
  });

  it('with GET has them in the query; in the body where there is no query', () => {
    assert.equal(readFields(get('username=a+b%FF')).text('username'), 'a b\ufffd');
    assert.equal(readFields(get('')).names().length, 0);
    assert.equal(readFields({ ...post('{"username":"x"}'), method: 'GET' }).text('username'), 'x');
    const both = { ...post('{"username":"x"}'), method: 'GET', query: 'username=y' };
    assert.equal(readFields(both).text('username'), 'y');
    assert.equal(readFields({ ...both, method: 'POST' }).text('username'), 'x');
  });

  it('says which field is missing, by its name alone', () => {
    assertRefused(
      () => readPosted('{"topic":null}').required(['topic', 'filter']),
      /^field topic is missing$/,
    );
  });

  it('of any bytes is read or refused', () => {
    fc.assert(
      fc.property(hostileRequests(['username', '__proto__', 'a']), (request) => {
        try {
          const fields = readFields(request);
          for (const name of fields.names()) {
            fields.bytes(name);
            fields.text(name);
          }
        } catch (error) {
          assert.ok(isThingPassError(error, 'request_unreadable'), String(error));
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
