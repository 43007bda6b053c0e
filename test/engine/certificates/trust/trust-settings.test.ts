import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../../src/config/config.ts';
import { isThingPassError } from '../../../../src/model/errors.ts';

function problemsOf(settings: Record<string, string>): readonly string[] {
  try {
    readConfig(settings);
  } catch (error) {
    assert.ok(isThingPassError(error, 'config_invalid'));
    return error.data.problems;
  }
  return [];
}

test('everything is off by default', () => {
  const { trust } = readConfig({});
  assert.deepEqual(trust.policy, { path: 'off', usage: 'off', crl: 'off', ocsp: 'off' });
  assert.equal(trust.authoritiesFile, undefined);
});

test('a rule without the settings that it needs is refused', () => {
  assert.match(problemsOf({ THINGPASS_CERTIFICATE_PATH: 'warn' }).join(), /needs THINGPASS_CLIENT_CA_FILE/);
  assert.match(
    problemsOf({ THINGPASS_OCSP: 'require' }).join(),
    /THINGPASS_OCSP needs THINGPASS_CLIENT_CA_FILE/,
  );
  const crl = { THINGPASS_CLIENT_CA_FILE: 'ca.pem', THINGPASS_CRL: 'require' };
  assert.deepEqual(problemsOf(crl), ['THINGPASS_CRL needs THINGPASS_CRL_FILES or THINGPASS_CRL_URLS']);
  assert.deepEqual(problemsOf({ ...crl, THINGPASS_CRL_FILES: 'list.pem' }), []);
  assert.deepEqual(
    problemsOf({ THINGPASS_CERTIFICATE_USAGE: 'require' }),
    [],
    'this one needs no authorities',
  );
});

test('URLs are checked, and the OCSP timeout must be shorter than a decision', () => {
  assert.match(
    problemsOf({ THINGPASS_CRL_URLS: 'ldap://ca.example.org/list' }).join(),
    /takes http or https URLs/,
  );
  assert.match(problemsOf({ THINGPASS_OCSP_URL: 'ocsp.example.org' }).join(), /takes http or https URLs/);
  const secret = problemsOf({ THINGPASS_CRL_URLS: 'http://user:hunter2@pki.example.org/list.crl' }).join();
  assert.match(secret, /without a user name or password/);
  assert.doesNotMatch(secret, /hunter2/);
  const ocsp = {
    THINGPASS_CLIENT_CA_FILE: 'ca.pem',
    THINGPASS_OCSP: 'require',
    THINGPASS_OCSP_TIMEOUT_MS: '1000',
  };
  assert.match(problemsOf(ocsp).join(), /must be less than THINGPASS_DECISION_BUDGET_MS/);
  assert.match(problemsOf({ THINGPASS_CRL_EXPIRED: 'maybe' }).join(), /must be one of admit, refuse/);
});
