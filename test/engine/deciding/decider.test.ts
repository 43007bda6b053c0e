import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { compileRules } from '../../../src/engine/access/rule-set.ts';
import type { ChainProvisioning } from '../../../src/engine/credentials/certificate/certificate-chain.ts';
import { createVerifySecret } from '../../../src/engine/credentials/verify-secret.ts';
import { createDecider } from '../../../src/engine/deciding/decider.ts';
import type { Question } from '../../../src/model/question.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { goldenBytes } from '../../support/golden.ts';
import { attemptOf, NOW, PASSPORTS, storeOf } from '../credentials/support.ts';

const { raw: der } = new X509Certificate(goldenBytes('pki/p256.crt.pem'));

test('an unknown certificate may lead to a new device at a connect, and never at a topic check', async () => {
  let asked = 0;
  const never = () => assert.fail('nothing is written for a profile that is not there');
  const provisioning: ChainProvisioning = {
    async findProfiles() {
      asked++;
      return new Map();
    },
    findDevice: never,
    create: never,
    renew: never,
  };
  const decider = createDecider({
    credentials: storeOf(),
    verifySecret: createVerifySecret(),
    passports: PASSPORTS,
    rules: () => compileRules([]),
    skipCertificateDates: true,
    provisioning,
    now: () => NOW,
    onError: (error) => assert.fail(String(error)),
  });
  const settings = { ...PLAIN_SETTINGS, carriesPassport: false, sendsAclAtConnect: false };
  const client = attemptOf({
    certificate: { kind: 'certificate', form: 'x', der, chain: [], verification: 'verified' },
  });
  const reasonOf = async (question: Question) => {
    const decision = await decider.decide(question, settings);
    return 'reason' in decision && decision.reason;
  };
  assert.equal(await reasonOf({ kind: 'connect', attempt: client }), 'certificate_unknown');
  assert.equal(asked, 1);
  const access = { ...client, action: 'publish', topic: 't' } as const;
  assert.equal(await reasonOf({ kind: 'topic', accesses: [access] }), 'certificate_unknown');
  const permit = () => assert.fail('nobody is there');
  assert.equal(await reasonOf({ kind: 'identity', claim: client, permit }), 'certificate_unknown');
  assert.equal(asked, 1);
});
