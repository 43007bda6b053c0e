import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Endpoint } from '../../../src/brokers/dialect.ts';
import { tbmq } from '../../../src/brokers/tbmq/dialect.ts';
import { GLOBAL } from '../../../src/engine/access/rule.ts';
import { compileRules } from '../../../src/engine/access/rule-set.ts';
import { deny } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import { SECRET_HEADER } from '../../../src/server/webhooks/guard.ts';
import { startAskedServer } from '../../support/asked-server.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { ALLOW } from '../../support/decisions.ts';
import { hostileRequests } from '../../support/hostile-requests.ts';
import { assertUnreadable, attemptOf, denialOf, get, post, readOrRefuse } from '../../support/questions.ts';

const BELIEVING = { ...PLAIN_SETTINGS, certificateForms: new Set(['tbmq_name']) };
const connect = tbmq.endpoints.find(({ name }) => name === 'connect') as Endpoint;

const GOOD = { username: 'alice', password: 's3cret', clientId: 'dev-1' };

/** What TBMQ makes of a template (`tbmq.md` section 1): plain replacement, in this order. */
function fill(template: string, values: Partial<Record<string, string>>) {
  return ['commonName', 'clientId', 'username', 'password'].reduce(
    (text, name) => text.replaceAll(`\${${name}}`, values[name] ?? ''),
    template,
  );
}

function template(...names: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, `\${${name}}`])));
}

const PRESCRIBED = template('username', 'password', 'clientId', 'commonName');

describe('a connect request', () => {
  it('takes empty and absent credentials for the same', () => {
    const attempt = attemptOf(
      connect.read(post('{"username":"","password":"","clientId":"c"}'), PLAIN_SETTINGS),
    );
    assert.deepEqual([attempt.username, attempt.password], [undefined, undefined]);
  });

  it('is refused for whatever the template alone would not give', () => {
    for (const [body, message] of [
      ['{"username":"u","password":"p","clientId":"c","username":"u"}', /username is repeated/],
      ['{"username":"u","password":"p","clientId":"c","commonName":"a","commonName":"b"}', /is repeated/],
      ['{"username":"u","password":"p","clientId":"c","\\u0063lientId":"d"}', /clientId is repeated/],
      ['{"username":"u","password":"p","clientId":"c","z":"1"}', /that the template does not have/],
      ['{"username":"u","password":"p","clientId":"c","__proto__":"1"}', /that the template does not have/],
      ['{"username":"u","password":"p","clientId":{"k":"c"}}', /not a text/],
      ['{"username":"u","password":"p","clientId":1}', /not a text/],
      ['{"username":"u","password":"p","clientId":null}', /not a text/],
      ['{"username":"u","password":"p"}', /clientId is missing/],
      ['{"username":"u","password":"p","clientId":"c"} x', /not JSON/],
      ['[{"username":"u"}]', /not a JSON object/],
      ['username=u&password=p&clientId=c', /not JSON/],
      ['', /not JSON/],
      ['{"username":"","password":"","clientId":""}', /names the client/],
    ] as const) {
      assertUnreadable(() => connect.read(post(body), PLAIN_SETTINGS), message);
    }
  });

  it('says nothing of the client’s own text when it is refused', () => {
    const body = '{"username":"u","password":"p","clientId":"c","s3cret-member":"s3cret-value"}';
    assert.throws(
      () => connect.read(post(body), PLAIN_SETTINGS),
      (error) => !String(error).includes('s3cret'),
    );
  });

  it('is refused where a placeholder was misspelled: every client would have the same name', () => {
    const body = JSON.stringify({ ...GOOD, username: `\${userName}` });
    assert.equal(denialOf(connect.read(post(body), PLAIN_SETTINGS)).reason, 'placeholder_not_filled');
  });

  it('keeps a plus in a query, and a percent sign that was encoded', () => {
    const { password } = attemptOf(
      connect.read(get('clientId=c&username=u&password=p+w%2541%20x'), PLAIN_SETTINGS),
    );
    assert.equal(password, 'p+w%41 x');
  });

  it('is refused as a query without parameters, as TBMQ sends it when a value breaks its JSON', () => {
    assertUnreadable(() => connect.read(get(''), PLAIN_SETTINGS), /username is missing/);
  });

  it('is refused as a query that names a certificate: there everything can be forged unseen', () => {
    const query = 'username=&password=&clientId=c&commonName=device-0001';
    for (const settings of [PLAIN_SETTINGS, BELIEVING]) {
      assertUnreadable(() => connect.read(get(query), settings), /use POST/);
    }
    assertUnreadable(() => connect.read(get('username=u&password=&clientId=c'), BELIEVING), /use POST/);
  });
});

describe('a common name', () => {
  it('is not read where names are not enabled', () => {
    const body = fill(PRESCRIBED, { ...GOOD, commonName: 'device-0001' });
    assert.equal(attemptOf(connect.read(post(body), PLAIN_SETTINGS)).certificate, NO_CERTIFICATE);
  });

  it('is believed from the prescribed template only', () => {
    const certificateOf = (text: string) =>
      attemptOf(connect.read(post(fill(text, { ...GOOD, commonName: 'device-0001' })), BELIEVING))
        .certificate;
    assert.deepEqual(certificateOf(PRESCRIBED), {
      kind: 'name',
      form: 'tbmq_name',
      commonName: 'device-0001',
    });
    for (const other of [
      template('commonName', 'clientId', 'username', 'password'),
      template('clientId', 'username', 'commonName', 'password'),
      template('clientId', 'username', 'password', 'commonName'),
      template('username', 'password', 'clientId'),
    ]) {
      assert.throws(() => certificateOf(other), /template must be/);
    }
  });

  it('when it is empty is no certificate', () => {
    assert.equal(
      attemptOf(connect.read(post(fill(PRESCRIBED, GOOD)), BELIEVING)).certificate,
      NO_CERTIFICATE,
    );
  });

  it('cannot be forged, nor any other member, by anything that a client sends', () => {
    const pieces = [
      '"',
      ',',
      ':',
      '{',
      '}',
      '\\',
      ' ',
      'x',
      '[',
      ']',
      '\\u0022',
      `\${password}`,
      `\${username}`,
    ];
    const members = ['username', 'password', 'clientId', 'commonName'].flatMap((name) => [
      `"${name}":"forged"`,
      `","${name}":"forged`,
      `","${name}":"forged","z":{"k":"`,
    ]);
    const text = fc
      .array(fc.constantFrom(...pieces, ...members), { maxLength: 6 })
      .map((some) => some.join(''));
    fc.assert(
      fc.property(text, text, text, (username, password, clientId) => {
        const sent = { username, password, clientId };
        const question = readOrRefuse(() => connect.read(post(fill(PRESCRIBED, sent)), BELIEVING));
        if (question?.kind !== 'connect') return;
        const { attempt } = question;
        assert.equal(attempt.certificate, NO_CERTIFICATE);
        // JSON's escapes aside, what was read is what was pasted.
        const pasted = fill(`\${clientId}`, sent);
        if (!pasted.includes('\\')) assert.equal(attempt.clientId, pasted);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('the connection check', () => {
  const ask = async (secret: string) => {
    const server = await startAskedServer({ THINGPASS_SECRET_TBMQ: 'a-secret-for-tbmq' });
    try {
      const url = `http://127.0.0.1:${server.port}/tbmq`;
      const headers = { [SECRET_HEADER]: secret };
      const head = await fetch(url, { method: 'HEAD', headers });
      server.decide = () => ALLOW;
      const body = JSON.stringify(GOOD);
      const answer = await fetch(url, { method: 'POST', headers, body });
      return { head, answer, body: (await answer.json()) as { result: string } };
    } finally {
      await server.close();
    }
  };

  it('is good with the right secret', async () => {
    const { head, body } = await ask('a-secret-for-tbmq');
    assert.equal(head.status, 200);
    assert.match(head.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(body.result, 'SUCCESS');
  });

  it('fails with a wrong one, while a client is refused in a way that no other provider overrules', async () => {
    const { head, answer, body } = await ask('not-the-secret-at-all');
    assert.equal(head.status, 403);
    assert.equal(answer.status, 200);
    assert.equal(body.result, 'FAILURE');
  });
});

it('every answer is whole: a result in upper case and both lists', () => {
  for (const decision of [ALLOW, deny('credentials_unknown'), deny('guard_refused')]) {
    const { status, body } = connect.answer(decision, undefined);
    assert.equal(status, 200);
    assert.match(body, /^\{"result":"[A-Z]+","authRules":\{"pub":\[.*\],"sub":\[.*\]\}\}$/);
  }
});

it('the rules of the decision are what is sent', () => {
  const rules = compileRules([{ permission: 'allow', action: 'publish', filter: 'a/b', scope: GLOBAL }]);
  const subject = { role: 'device', clientId: 'c' } as const;
  const { body } = connect.answer(
    { ...ALLOW, rights: { subject, rules, perDeviceMountpoint: false } },
    undefined,
  );
  const { result, authRules } = JSON.parse(body);
  assert.equal(result, 'SUCCESS');
  assert.ok(authRules.pub.some((pattern: string) => new RegExp(pattern).test('a/b')));
});

it('hostile bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(hostileRequests(['username', 'password', 'clientId', 'commonName']), (request) => {
      for (const { read } of tbmq.endpoints) {
        for (const settings of [PLAIN_SETTINGS, BELIEVING]) readOrRefuse(() => read(request, settings));
      }
    }),
    { numRuns: 2_000 },
  );
});
