import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  certificateUnreadable,
  FAILURES,
  type FailureCode,
  REFUSALS,
  type RefusalCode,
  ThingPassError,
} from '../../../src/model/errors.ts';
import { PROBLEMS, problemOf } from '../../../src/server/management/problem.ts';

test('a refusal is the problem of its code, with its own words or else with what the code means', () => {
  for (const code of Object.keys(REFUSALS) as RefusalCode[]) {
    const [status, meaning] = PROBLEMS[code];
    const type = `/docs/problems#${code}`;
    const title = REFUSALS[code];
    const data = { takenBy: undefined, nodes: [], scopes: [], allowed: [] };
    for (const [message, detail] of [
      [undefined, meaning],
      ['not today', 'not today'],
    ] as const) {
      const { body } = problemOf(new ThingPassError(code as 'nodes_lag', message, data));
      const { type: ofBody, title: titled, status: answered, detail: detailed } = body;
      assert.deepEqual([ofBody, titled, answered, detailed], [type, title, status, detail]);
    }
  }
});

test('what a refusal says besides stands in the body or in a header', () => {
  const takenBy = { id: 'an-id', name: 'meter' };
  const body = (error: ThingPassError) => problemOf(error).body;
  for (const code of ['name_taken', 'credentials_taken', 'provision_key_taken'] as const)
    assert.deepEqual(body(new ThingPassError(code, 'x', { takenBy })).takenBy, takenBy);
  assert.ok(!('takenBy' in body(new ThingPassError('name_taken', 'x', { takenBy: undefined }))));
  const errors = [{ in: 'body', pointer: '/name', detail: 'is missing' }];
  assert.deepEqual(body(new ThingPassError('request_invalid', 'x', { errors })).errors, errors);
  assert.ok(!('errors' in body(new ThingPassError('request_invalid', 'x'))));
  const scopeMissing = problemOf(new ThingPassError('scope_missing', 'x', { scopes: ['devices:read'] }));
  assert.deepEqual(scopeMissing.body.scopes, ['devices:read']);
  assert.match(
    scopeMissing.headers['www-authenticate'] ?? '',
    /error="insufficient_scope", scope="devices:read"$/,
  );
  assert.deepEqual(
    problemOf(new ThingPassError('method_not_allowed', undefined, { allowed: ['GET', 'HEAD'] })).headers,
    { allow: 'GET, HEAD' },
  );
});

test('a failure loses its text, whatever the API calls it', () => {
  for (const code of Object.keys(FAILURES) as FailureCode[]) {
    const data = { fault: 'too_large', problems: ['hush'], why: 'gone' } as const;
    const problem = problemOf(new ThingPassError(code as 'certificate_unreadable', 'hush', data));
    assert.ok(['internal_error', 'overloaded'].includes(problem.code), code);
    assert.ok(!JSON.stringify(problem).includes('hush'), code);
  }
  assert.equal(problemOf(certificateUnreadable('too_large')).code, 'internal_error');
  assert.equal(problemOf(new ThingPassError('hashing_queue_full')).code, 'overloaded');
});

test('so does what nobody foresaw; an outage of the database and the framework’s refusals are known', () => {
  const coded = (code: string) => Object.assign(new Error('hush'), { code });
  const known: readonly (readonly [unknown, RefusalCode])[] = [
    [new TypeError('hush'), 'internal_error'],
    [coded('P2010'), 'internal_error'],
    [coded('P1001'), 'storage_unavailable'],
    [coded('FST_ERR_CTP_BODY_TOO_LARGE'), 'body_too_large'],
    [Object.assign(new Error('hush'), { statusCode: 400 }), 'body_unreadable'],
  ];
  for (const [error, code] of known) {
    const problem = problemOf(error);
    assert.equal(problem.code, code);
    assert.ok(!JSON.stringify(problem).includes('hush'));
  }
});
