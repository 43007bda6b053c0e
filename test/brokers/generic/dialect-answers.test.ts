import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generic } from '../../../src/brokers/generic/dialect.ts';
import { deny, unavailable } from '../../../src/model/decision.ts';
import { ALLOW, EVERY_DECISION } from '../../support/decisions.ts';
import { endpointAt } from '../../support/questions.ts';

const connect = endpointAt(generic, '/v1/connect');

describe('answers', () => {
  const detail = (decision: Parameters<typeof connect.answer>[0]) => {
    const { status, headers, body } = connect.answer(decision, undefined);
    assert.deepEqual(headers, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    assert.ok(body.endsWith('}\n'));
    return { status, ...JSON.parse(body) };
  };

  it('have a status for scripts and a body for people', () => {
    for (const decision of EVERY_DECISION) {
      const { status, result, reason, message, connack } = detail(decision);
      assert.equal(result, decision.outcome);
      assert.deepEqual(connack, { ...decision.connack });
      if (decision.outcome === 'allow') assert.equal(status, 200);
      else {
        assert.equal(reason, decision.reason);
        assert.ok(message.length > 5);
        const refused = decision.reason === 'request_unreadable' ? 400 : 403;
        assert.equal(status, decision.outcome === 'unavailable' ? 503 : refused);
      }
    }
  });

  it('write every name as JSON has it', () => {
    const device = { id: 'd', tenantId: 't', profileId: 'p', profileName: 'x', topics: {} };
    for (const name of [
      'Meter 1',
      'say "x"',
      '\\',
      'a\nb',
      '\u0000\u007f',
      'Zähler',
      '\u2028',
      '😀',
      '\ud800',
      '',
    ])
      assert.equal(detail({ ...ALLOW, device: { ...device, name } }).device.name, name);
  });

  it('name the device, its role and the end of the permission, and nothing secret', () => {
    const device = {
      id: 'd-1',
      name: 'Meter 1',
      tenantId: 't',
      profileId: 'p',
      profileName: 'x',
      topics: {},
    };
    const allowed = {
      ...ALLOW,
      device,
      credentialsId: 'the-token',
      passport: 'sealed',
      expiresAt: 1_800_000_000_000,
    };
    assert.deepEqual(detail(allowed), {
      status: 200,
      result: 'allow',
      role: 'device',
      device: { id: 'd-1', name: 'Meter 1' },
      expiresAt: '2027-01-15T08:00:00.000Z',
      connack: { v3: 0, v5: 0 },
    });
  });

  it('say what was wrong with a request, without its values', () => {
    const steps = [{ step: 'read_request', detail: 'field topic is missing' }];
    assert.equal(detail(deny('request_unreadable', steps)).message, 'field topic is missing');
    assert.equal(detail(unavailable('overloaded')).connack.v3, 3);
  });
});
