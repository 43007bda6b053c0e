import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { WebhookRequest } from '../../../src/brokers/dialect.ts';
import { nanomq } from '../../../src/brokers/nanomq/dialect.ts';
import { deny } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { EVERY_DECISION } from '../../support/decisions.ts';
import { hostileRequests } from '../../support/hostile-requests.ts';
import { assertUnreadable, attemptOf, endpointAt, get, post, readOrRefuse } from '../../support/questions.ts';

const BELIEVING = { ...PLAIN_SETTINGS, certificateForms: new Set(['nanomq_name']) };

const connect = endpointAt(nanomq, '/nanomq/auth');

function attempt(request: WebhookRequest, settings = PLAIN_SETTINGS) {
  return attemptOf(connect.read(request, settings));
}

function unreadable(request: WebhookRequest, message: RegExp): void {
  assertUnreadable(() => connect.read(request, PLAIN_SETTINGS), message);
}

describe('a connect request', () => {
  it('tells MQTT 3.1 by its protocol name, and no other version', () => {
    assert.equal(attempt(post('{"clientid":"a","protocol":"MQIsdp"}')).protocolVersion, 3);
    assert.equal(attempt(post('{"clientid":"a","protocol":"MQTT"}')).protocolVersion, undefined);
  });

  it('takes empty and absent credentials and addresses for the same', () => {
    const { username, password, peerAddress } = attempt(
      post('clientid=v6&username=&password=&ipaddr=&sockport=1883'),
    );
    assert.deepEqual([username, password, peerAddress], [undefined, undefined, undefined]);
  });

  it('knows fields by the names that people give them', () => {
    assert.equal(attempt(post('client_id=c&username=u')).clientId, 'c');
    assert.equal(attempt(post('{"clientId":"c","port":"8883"}')).listener, '8883');
  });

  it('reads the parameters behind the question mark of a url with a query of its own', () => {
    const { clientId, username } = attempt(get('tenant=7&k=v?clientid=m1&username=alice'));
    assert.deepEqual([clientId, username], ['m1', 'alice']);
  });

  it('leaves a question mark alone that is part of a value, as NanoMQ before 0.25.2 pastes it', () => {
    assert.equal(attempt(get('clientid=m1&username=what?clientid=other')).clientId, 'm1');
    assert.equal(attempt(get('clientid=m1&username=what?clientid=other')).username, 'what?clientid=other');
  });

  it('ignores the query of a POST: it is the url’s own', () => {
    assert.equal(attempt({ ...post('clientid=m1'), query: 'clientid=other' }).clientId, 'm1');
  });

  it('is refused when a client that calls itself "x&password=…" repeats a field', () => {
    unreadable(post('clientid=c&username=x&password=y&password=z'), /password is repeated/);
    unreadable(post('clientid=c&username=x&client_id=y'), /clientid is repeated/);
    unreadable(post('{"clientid":"c","clientid":"d"}'), /clientid is repeated/);
    unreadable(post('clientid=c&common_name=a&common_name=b'), /common_name is repeated/);
  });

  it('is refused, with a hint at the configuration, when it names nobody', () => {
    unreadable(get(''), /needs params, and one header/);
    unreadable(post('b=alice'), /needs params/);
    unreadable(post('{"b":"alice"}'), /needs params/);
  });
});

describe('a certificate name', () => {
  const names = { clientid: 'c', common_name: 'dev, OU=x', subject: 'CN=dev, OU=x' };
  const form = new URLSearchParams(names).toString();

  it('is not even read where the form is not enabled', () => {
    assert.equal(attempt(post(JSON.stringify(names))).certificate, NO_CERTIFICATE);
    assert.equal(attempt(post(form)).certificate, NO_CERTIFICATE);
  });

  it('is carried as both texts from JSON', () => {
    const { certificate } = attempt(post(` ${JSON.stringify(names)}`), BELIEVING);
    const { common_name: commonName, subject } = names;
    assert.deepEqual(certificate, { kind: 'name', form: 'nanomq_name', commonName, subject });
  });

  it('may be empty, which is a name and not its absence', () => {
    const { certificate } = attempt(post('{"clientid":"c","common_name":""}'), BELIEVING);
    assert.equal(certificate.kind, 'name');
  });

  it('is a denial of its own from a form or query, where a user name could have brought it', () => {
    for (const request of [post('username=x&common_name=admin&clientid=c'), post(form), get(form)]) {
      assert.equal(attempt(request, BELIEVING).certificate.kind, 'unreadable');
    }
  });

  it('is alone enough to name the client, for bridges without a user name', () => {
    assert.equal(attempt(post('{"subject":"O=Acme, CN=edge"}'), BELIEVING).certificate.kind, 'name');
  });
});

it('no superuser is ever confirmed, whatever is asked: 200 meant "denied" up to 0.22.2, and skips the ACL since', () => {
  const { read, answer } = endpointAt(nanomq, '/nanomq/superuser');
  for (const request of [post('{"clientid":"root"}'), post('not a form'), get('')]) {
    const question = read(request, PLAIN_SETTINGS);
    assert.ok(question.kind === 'settled');
    assert.equal(answer(question.decision, question).status, 403);
  }
});

it('only an allow is answered 200, and every answer is small JSON without what the client sent', () => {
  for (const { answer } of nanomq.endpoints) {
    for (const decision of EVERY_DECISION) {
      const { status, headers, body } = answer(decision, undefined);
      assert.equal(status === 200, decision.outcome === 'allow');
      assert.ok(status === 200 || [400, 403, 503].includes(status));
      assert.ok(body.length + JSON.stringify(headers).length < 1_000);
      assert.equal(typeof JSON.parse(body).result, 'string');
    }
    assert.equal(answer(deny('request_unreadable'), undefined).status, 400);
  }
});

it('hostile bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(hostileRequests(['clientid', 'username', 'topic', 'access', 'common_name']), (request) => {
      for (const { read } of nanomq.endpoints) {
        for (const settings of [PLAIN_SETTINGS, BELIEVING]) {
          readOrRefuse(() => read(request, settings));
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
