import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { WebhookRequest } from '../../../src/brokers/dialect.ts';
import { mosquitto } from '../../../src/brokers/mosquitto/dialect.ts';
import { deny } from '../../../src/model/decision.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { EVERY_DECISION } from '../../support/decisions.ts';
import { hostileRequests } from '../../support/hostile-requests.ts';
import {
  accessesOf,
  assertUnreadable,
  attemptOf,
  denialOf,
  endpointAt,
  get,
  post,
  readOrRefuse,
} from '../../support/questions.ts';

const user = endpointAt(mosquitto, '/mosquitto/user');
const acl = endpointAt(mosquitto, '/mosquitto/acl');

function attempt(request: WebhookRequest) {
  return attemptOf(user.read(request, PLAIN_SETTINGS));
}

function accesses(request: WebhookRequest) {
  return accessesOf(acl.read(request, PLAIN_SETTINGS));
}

/** As Node shows a header whose bytes are the text's UTF-8. */
function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${Buffer.from(token, 'utf8').toString('latin1')}` };
}

describe('a user request', () => {
  it('takes empty credentials of the lhns fork for absent ones', () => {
    const { clientId, username, password } = attempt(post('{"clientid":"c","password":"","username":""}'));
    assert.deepEqual([clientId, username, password], ['c', undefined, undefined]);
  });

  it('serves the ancestor: extra fields, acc=-1, an empty client id, the client’s own Basic header', () => {
    const body = 'username=alice&password=s%2B3&topic=&acc=-1&clientid=&domain=x';
    const { clientId, username, password } = attempt(
      post(body, { authorization: `Basic ${Buffer.from('mallory:x').toString('base64')}` }),
    );
    assert.deepEqual([clientId, username, password], ['', 'alice', 's+3']);
  });

  it('finds the fields in the body whatever the method, and not in the query of the URI', () => {
    const body = '{"username":"alice","password":"p"}';
    for (const method of ['GET', 'PUT', 'POST']) {
      assert.equal(attempt({ ...post(body), method, query: 'username=other&tenant=7' }).username, 'alice');
    }
    assertUnreadable(
      () => user.read({ ...post(''), query: 'username=alice' }, PLAIN_SETTINGS),
      /names the client/,
    );
  });

  it('finds them in the query of a GET without a body', () => {
    assert.equal(attempt(get('username=alice&password=p&clientid=c')).password, 'p');
  });

  it('is refused when it repeats a field or names nobody', () => {
    const read = (body: string) => () => user.read(post(body), PLAIN_SETTINGS);
    assertUnreadable(read('username=a&username=b'), /username is repeated/);
    assertUnreadable(read('{"username":"a","password":"p","password":"q"}'), /password is repeated/);
    for (const body of ['', 'null', '{}', '{"username":null}', 'x=y']) {
      assertUnreadable(read(body), /names the client/);
    }
    assertUnreadable(read('[]'), /neither a JSON object nor a form/);
    assertUnreadable(read('{"username":{"a":1}}'), /username is not a text/);
  });
});

describe('a Bearer token of the jwt backend', () => {
  it('is the user name, with whatever body', () => {
    for (const body of ['null', '', '{"clientid":"c"}']) {
      assert.equal(attempt(post(body, bearer('opaque token·ü'))).username, 'opaque token·ü');
    }
    assert.equal(attempt(get('tenant=7', bearer('t'))).username, 't');
    assert.equal(attempt(post('null', { authorization: 'bearer t' })).username, 't');
  });

  it('goes before the subject that the plugin read out of it, and leaves no password', () => {
    const { username, password } = attempt(post('{"username":"dev-42","password":"x"}', bearer('e.y.J')));
    assert.deepEqual([username, password], ['e.y.J', undefined]);
  });

  it('names the client of an ACL request, where no other field does', () => {
    const [access] = accesses(post('acc=2&clientid=c&topic=t', bearer('tok')));
    assert.deepEqual([access?.username, access?.clientId], ['tok', 'c']);
  });

  it('is nobody when it is empty', () => {
    for (const authorization of ['Bearer', 'Bearer ', 'Basic Og==', 'Digest x']) {
      assertUnreadable(() => user.read(post('null', { authorization }), PLAIN_SETTINGS), /names the client/);
    }
  });
});

describe('an ACL request', () => {
  const actionsOf = (acc: unknown) =>
    accesses(post(JSON.stringify({ acc, username: 'u', clientid: 'c', topic: 'a,b/#' }))).map(
      ({ action, topic }) => `${action} ${topic}`,
    );

  it('tells delivery, publish and subscribe apart', () => {
    assert.deepEqual(actionsOf(1), ['receive a,b/#']);
    assert.deepEqual(actionsOf('2'), ['publish a,b/#']);
    assert.deepEqual(actionsOf(4), ['subscribe a,b/#']);
  });

  it('takes "readwrite", which nobody sends, for both', () => {
    assert.deepEqual(actionsOf(3), ['publish a,b/#', 'subscribe a,b/#']);
  });

  it('is refused for any other access, without a topic, and for bytes that are no text', () => {
    for (const acc of [0, 5, 8, -1, 1.5, '', '04', true]) {
      assertUnreadable(
        () => acl.read(post(JSON.stringify({ acc, username: 'u', topic: 't' })), PLAIN_SETTINGS),
        /acc/,
      );
    }
    const read = (body: string) => () => acl.read(post(body), PLAIN_SETTINGS);
    assertUnreadable(read('acc=2&username=u'), /topic is missing/);
    assertUnreadable(read('username=u&topic=t'), /acc is missing/);
    assertUnreadable(read('acc=2&username=u&topic=%C3'), /topic is not UTF-8/);
    assertUnreadable(read('acc=2&topic=t'), /names the client/);
  });
});

describe('answers', () => {
  it('no superuser is ever confirmed, whatever is asked', () => {
    for (const path of ['/mosquitto/superuser', '/mosquitto/text/superuser']) {
      const { read, answer } = endpointAt(mosquitto, path);
      for (const request of [post('{"username":"root"}'), post('null', bearer('t')), post('?')]) {
        const question = read(request, PLAIN_SETTINGS);
        assert.equal(denialOf(question).reason, 'superuser_refused');
        assert.equal(answer(denialOf(question), question).status, 403);
      }
    }
  });

  it('one body serves status and json mode; text mode has a path and a body of its own', () => {
    for (const [path, allow, refusal] of [
      ['/mosquitto/user', '{"ok":true,"error":""}', '{"ok":false,"error":"password_mismatch"}'],
      ['/mosquitto/text/user', 'ok', 'password_mismatch'],
    ] as const) {
      const { answer } = endpointAt(mosquitto, path);
      for (const decision of EVERY_DECISION) {
        const { status, body } = answer(decision, undefined);
        assert.equal(status === 200, decision.outcome === 'allow');
        assert.equal(status === 503, decision.outcome === 'unavailable');
        if (status === 200) assert.equal(body, allow);
      }
      assert.deepEqual(answer(deny('password_mismatch'), undefined).body, refusal);
      assert.equal(answer(deny('request_unreadable'), undefined).status, 400);
    }
  });

  it('hostile bytes are read or refused, never anything else', () => {
    const names = ['username', 'password', 'clientid', 'topic', 'acc'];
    fc.assert(
      fc.property(hostileRequests(names), (request) => {
        for (const { read } of mosquitto.endpoints) readOrRefuse(() => read(request, PLAIN_SETTINGS));
      }),
      { numRuns: 2_000 },
    );
    const deep = `{"username":${'['.repeat(400_000)}${']'.repeat(400_000)}}`;
    assertUnreadable(() => user.read(post(deep), PLAIN_SETTINGS), /username is not a text/);
  });
});
