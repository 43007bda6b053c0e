import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Allow, type Decision, deny, unavailable } from '../../../src/model/decision.ts';
import { ALLOW, EVERY_DECISION, SCRAM_KEYS } from '../../support/decisions.ts';
import { connect, scram, topic } from '../../support/emqx.ts';

describe('answers', () => {
  it('are 200, JSON in lower case, and never more than they must be', () => {
    for (const { answer } of [connect, topic]) {
      for (const decision of EVERY_DECISION) {
        const { status, headers, body } = answer(decision, undefined);
        assert.deepEqual(headers, { 'content-type': 'application/json' });
        assert.doesNotMatch(body, /superuser|"reason"/);
        if (answer === connect.answer && decision.outcome === 'unavailable') {
          assert.deepEqual([status, body], [503, '{"error":"unavailable"}']);
        } else {
          assert.equal(status, 200);
          const opinion = decision.outcome === 'no_opinion' && answer === connect.answer ? 'ignore' : 'deny';
          assert.equal(JSON.parse(body).result, decision.outcome === 'allow' ? 'allow' : opinion);
        }
      }
    }
  });

  it('to an authorization request never fail open, whatever is wrong', () => {
    for (const decision of [
      deny('request_unreadable'),
      unavailable('internal_error'),
      unavailable('overloaded'),
    ]) {
      assert.deepEqual(
        { ...topic.answer(decision, undefined) },
        {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: '{"result":"deny"}',
        },
      );
    }
  });

  it('carry the passport, and the device for a mount point, as texts', () => {
    const device = { id: 'd-1', name: '"}', tenantId: '', profileId: '', profileName: '', topics: {} };
    const attributes = (decision: Allow) => JSON.parse(connect.answer(decision, undefined).body).client_attrs;
    assert.deepEqual(attributes({ ...ALLOW, passport: 'sealed', device }), {
      thingpass: 'sealed',
      thingpass_device: 'd-1',
    });
    const session = () => attributes({ ...ALLOW, passport: 'sealed', role: 'provisioning_session' });
    const { thingpass, thingpass_device: tree } = session();
    assert.equal(thingpass, 'sealed');
    assert.match(tree, /^provisioning-[0-9a-f]{32}$/);
    assert.notEqual(session().thingpass_device, tree, 'one of its own at each connect');
    assert.equal(attributes(ALLOW), undefined);
    assert.equal(
      topic.answer({ ...ALLOW, passport: 'sealed', expiresAt: 1 }, undefined).body,
      '{"result":"allow"}',
    );
  });

  it('carry whole seconds in the future, no more than EMQX takes for seconds, and deny what is over', (context) => {
    const now = Date.UTC(2026, 0, 1, 12);
    context.mock.timers.enable({ apis: ['Date'], now });
    const detail = (expiresAt: number) => JSON.parse(connect.answer({ ...ALLOW, expiresAt }, undefined).body);
    assert.deepEqual(detail(now + 60_999), { result: 'allow', expire_at: now / 1_000 + 60 });
    assert.deepEqual(detail(now + 1_000), { result: 'allow', expire_at: now / 1_000 + 1 });
    for (const over of [now + 999, now, now - 1, 0, -1, Number.NaN])
      assert.deepEqual(detail(over), { result: 'deny' });
    assert.deepEqual(detail(Date.UTC(9999, 11, 31)), {
      result: 'allow',
      expire_at: Date.UTC(9999, 11, 31) / 1_000,
    });
    for (const never of [8.64e15, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      assert.deepEqual(detail(never), { result: 'allow' });
    }
  });

  it('to SCRAM are 404 wherever a decision has no keys, and say nothing else', () => {
    for (const decision of EVERY_DECISION) {
      const { status, body } = scram.answer(decision, undefined);
      assert.deepEqual([status, body], [404, '{"error":"refused"}']);
    }
  });

  it('to SCRAM are the keys, and for whom is let in what EMQX keeps', () => {
    const { storedKey: stored_key, serverKey: server_key, salt } = SCRAM_KEYS;
    const told = { stored_key, server_key, salt };
    const detail = (decision: Decision) => {
      const { status, body } = scram.answer(decision, undefined);
      return [status, JSON.parse(body)];
    };
    assert.deepEqual(detail({ ...deny('credentials_unknown'), scramKeys: SCRAM_KEYS }), [200, told]);
    const allow = { ...ALLOW, passport: 'sealed', scramKeys: SCRAM_KEYS };
    const client_attrs = { thingpass: 'sealed' };
    assert.deepEqual(detail(allow), [200, { ...told, client_attrs }]);
    assert.equal(detail({ ...allow, expiresAt: Date.now() - 1 })[0], 404);
  });
});
