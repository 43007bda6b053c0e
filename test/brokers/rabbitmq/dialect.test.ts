import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  CERTIFICATE_TAG,
  PASSWORD_TAG,
  RABBITMQ_DN,
  RABBITMQ_NAME,
} from '../../../src/brokers/rabbitmq/client.ts';
import { rabbitmq } from '../../../src/brokers/rabbitmq/dialect.ts';
import { unavailable } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { EVERY_DECISION } from '../../support/decisions.ts';
import { hostileRequests } from '../../support/hostile-requests.ts';
import {
  assertUnreadable,
  attemptOf,
  denialOf,
  endpointAt,
  get,
  post,
  readOrRefuse,
} from '../../support/questions.ts';
import { form, METER } from '../../support/rabbitmq.ts';

const NAMES = { ...PLAIN_SETTINGS, certificateForms: new Set([RABBITMQ_NAME]) };
const SUBJECTS = { ...PLAIN_SETTINGS, certificateForms: new Set([RABBITMQ_DN]) };
const BOTH = { ...PLAIN_SETTINGS, certificateForms: new Set([RABBITMQ_NAME, RABBITMQ_DN]) };

const user = endpointAt(rabbitmq, '/rabbitmq/user');
const vhost = endpointAt(rabbitmq, '/rabbitmq/vhost');

describe('/user', () => {
  it('reads every version’s parameters, in any order', () => {
    for (const request of [
      post('username=u&password=p&vhost=%2F&client_id=c'),
      post('username=u&vhost=%2F&client_id=c&password=p&sockOrAddr=x&is_loopback=true'),
      get('username=u&password=p&vhost=%2F&client_id=c'),
    ]) {
      const { clientId, username, password, certificate } = attemptOf(user.read(request, PLAIN_SETTINGS));
      assert.deepEqual([clientId, username, password, certificate], ['c', 'u', 'p', NO_CERTIFICATE]);
    }
    // 3.11.21 to 3.12.11
    assert.equal(attemptOf(user.read(post('username=u&password=p'), PLAIN_SETTINGS)).clientId, '');
  });

  it('ignores the query of a POST: it is the path’s own', () => {
    const request = { ...post('username=u&password=p'), query: 'password=q&key=abc' };
    assert.equal(attemptOf(user.read(request, PLAIN_SETTINGS)).password, 'p');
  });

  it('takes an empty password for a password, and a missing one for a certificate', () => {
    assert.equal(attemptOf(user.read(post('username=u&password='), NAMES)).certificate, NO_CERTIFICATE);
    const { username, certificate } = attemptOf(user.read(post('username=u'), NAMES));
    assert.equal(username, undefined, 'never a token');
    assert.deepEqual(certificate, { kind: 'name', form: RABBITMQ_NAME, commonName: 'u' });
  });

  it('takes the text for the name that the operator says it is', () => {
    const dn = 'username=CN%3Dvictim';
    assert.deepEqual(attemptOf(user.read(post(dn), NAMES)).certificate, {
      kind: 'name',
      form: RABBITMQ_NAME,
      commonName: 'CN=victim',
    });
    assert.deepEqual(attemptOf(user.read(post(dn), SUBJECTS)).certificate, {
      kind: 'name',
      form: RABBITMQ_DN,
      subject: 'CN=victim',
    });
    assert.equal(denialOf(user.read(post(dn), BOTH)).reason, 'certificate_name_ambiguous');
  });

  it('refuses a certificate’s name where none is believed', () => {
    assert.equal(
      denialOf(user.read(post('username=token'), PLAIN_SETTINGS)).reason,
      'certificate_name_not_enabled',
    );
  });

  it('takes 4.0’s "none" for a password like every other', () => {
    const attempt = attemptOf(user.read(post('username=u&vhost=%2F&client_id=c&password=none'), NAMES));
    assert.deepEqual([attempt.username, attempt.password], ['u', 'none']);
    assert.equal(attempt.certificate, NO_CERTIFICATE);
  });

  it('is refused without a user name, with a repeated field, with a name that is not UTF-8', () => {
    const read = (body: string) => () => user.read(post(body), PLAIN_SETTINGS);
    assertUnreadable(read(''), /username is missing/);
    assertUnreadable(read('password=p'), /username is missing/);
    assertUnreadable(read('username=u&password=p&password=q'), /password is repeated/);
    assertUnreadable(read('username=%FF&password=p'), /username is not UTF-8/);
    assertUnreadable(read('username=u&password=p&client_id=%FE'), /client_id is not UTF-8/);
  });

  it('tags those that came by certificate, and beside them those that proved their names', () => {
    const byPassword = user.read(post('username=u&password=p&client_id=c'), NAMES);
    const withoutClientId = user.read(post('username=u&password=p'), NAMES);
    const whereNoneCome = user.read(post('username=u&password=p&client_id=c'), PLAIN_SETTINGS);
    const byCertificate = user.read(post('username=u'), NAMES);
    assert.equal(user.answer(METER, byPassword).body, `allow ${PASSWORD_TAG}`);
    assert.equal(user.answer(METER, withoutClientId).body, 'allow');
    assert.equal(user.answer(METER, whereNoneCome).body, 'allow');
    assert.equal(user.answer(unavailable('overloaded'), byPassword).body, 'deny');
    assert.equal(user.answer(METER, byCertificate).body, `allow ${CERTIFICATE_TAG}`);
    assert.equal(user.answer(METER, undefined).body, 'allow');
  });
});

describe('what follows a certificate login', () => {
  const asked = { username: 'device-1', vhost: '/', tags: `other ${CERTIFICATE_TAG}`, client_id: 'c' };

  it('asks by the certificate’s name, which is no user name', () => {
    const question = vhost.read(form(asked), NAMES);
    assert.ok(question.kind === 'identity');
    const { username, certificate } = question.claim;
    assert.equal(username, undefined);
    assert.deepEqual(certificate, { kind: 'name', form: RABBITMQ_NAME, commonName: 'device-1' });
  });

  it('is refused once names are not believed any more', () => {
    assert.equal(denialOf(vhost.read(form(asked), PLAIN_SETTINGS)).reason, 'certificate_name_not_enabled');
  });

  it('is not what a user name with the same text gets', () => {
    const question = vhost.read(form({ ...asked, tags: '' }), NAMES);
    assert.ok(question.kind === 'identity');
    assert.equal(question.claim.username, 'device-1');
    assert.equal(question.claim.provedItsNames, false);
    const proved = vhost.read(form({ ...asked, tags: PASSWORD_TAG }), NAMES);
    assert.ok(proved.kind === 'identity' && proved.claim.provedItsNames);
    assert.equal(question.claim.certificate, NO_CERTIFICATE);
  });
});

it('every answer is 200 and one word, on error too; only /user says more, and only by its one tag', () => {
  for (const { name, answer } of rabbitmq.endpoints) {
    for (const decision of EVERY_DECISION) {
      for (const question of [undefined, user.read(post('username=u'), NAMES)]) {
        const { status, headers, body } = answer(decision, question);
        assert.equal(status, 200);
        assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
        assert.ok(!('retry-after' in headers));
        const tagged = name === 'connect' && question !== undefined ? `allow ${CERTIFICATE_TAG}` : 'allow';
        assert.equal(body, decision.outcome === 'allow' ? tagged : 'deny');
      }
    }
  }
});

it('hostile bytes are read or refused, never anything else', () => {
  const names = [
    'username',
    'password',
    'client_id',
    'vhost',
    'resource',
    'name',
    'permission',
    'routing_key',
  ];
  fc.assert(
    fc.property(hostileRequests([...names, 'tags', 'variable_map.client_id']), (request) => {
      for (const { read } of rabbitmq.endpoints) {
        for (const settings of [PLAIN_SETTINGS, NAMES, BOTH]) {
          const question = readOrRefuse(() => read(request, settings));
          if (question?.kind === 'identity') question.permit(METER);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
