import type { Config } from '../../../config/config.ts';
import { HEADER_FORMS } from '../../../engine/certificates/forms/registry.ts';
import { TRUST_RULES } from '../../../engine/certificates/trust/policy.ts';
import { BROKER_NAMES } from '../../../model/question.ts';
import { advice, type Check, type Environment, type Finding, problem } from '../finding.ts';

/** Settings that are good each by itself, and together do nothing, too much, or the opposite of each other. */
export const checkContradictions: Check = {
  name: 'contradictions',
  looks: 'settings agree with one another',
  needsConfig: true,
  run: ({ config, environment }) =>
    config === undefined
      ? []
      : [
          ...certificates(config),
          ...headers(config, environment),
          ...provisioning(config),
          ...credentialLifecycle(config, environment),
          ...trust(config),
          ...brokers(config),
        ],
};

function certificates({ brokers }: Config): Finding[] {
  return BROKER_NAMES.filter(
    (broker) => brokers[broker].certificateOnly?.(undefined) && brokers[broker].certificateForms.size === 0,
  ).map((broker) =>
    problem(
      `THINGPASS_CERTIFICATE_ONLY_LISTENERS names ${broker}, for which no form of certificates is switched on: nobody gets in`,
      `add ${broker}:<form> to THINGPASS_CERTIFICATE_FORMS, or take it out here`,
    ),
  );
}

/** Certificates in headers are believed only from addresses that are named. */
function headers({ brokers }: Config, environment: Environment): Finding[] {
  const inHeaders = BROKER_NAMES.flatMap((broker) =>
    [...brokers[broker].certificateForms]
      .filter((form) => HEADER_FORMS.has(form))
      .map((form) => `${broker}:${form}`),
  );
  const proxies = (environment.THINGPASS_PROXIES ?? '').trim();
  if (inHeaders.length > 0 && proxies === '') {
    return [
      problem(
        `${inHeaders.join(', ')} reads certificates from headers, and THINGPASS_PROXIES lets nobody write them: no certificate is believed`,
        'set THINGPASS_PROXIES to the addresses of your proxies, such as 127.0.0.1',
      ),
    ];
  }
  if (inHeaders.length === 0 && proxies !== '') {
    return [
      advice(
        'THINGPASS_PROXIES is set, and no form of certificates in headers is switched on',
        'switch one on in THINGPASS_CERTIFICATE_FORMS, or take it out',
      ),
    ];
  }
  if (/(^|,)\s*(0\.0\.0\.0|::)\/0\s*(,|$)/.test(proxies)) {
    return [
      problem(
        'THINGPASS_PROXIES names every address: any caller that reaches ThingPass may write certificate headers',
        'name the proxies alone',
      ),
    ];
  }
  return [];
}

function provisioning({ brokers, emqxApi }: Config): Finding[] {
  const { provisionSessions, perDeviceMountpoint } = brokers.emqx;
  if (!provisionSessions) {
    return emqxApi === undefined
      ? []
      : [
          advice(
            'THINGPASS_EMQX_API_URL is set, and provisioning through EMQX is off: nothing uses it',
            'add emqx to THINGPASS_PROVISION_BROKERS, or take it out',
          ),
        ];
  }
  const findings: Finding[] = [];
  if (!perDeviceMountpoint) {
    findings.push(
      problem(
        'THINGPASS_PROVISION_BROKERS names emqx, which does not mount devices apart: no session may read its answer',
        'set the mount point of deploy/emqx on every listener, and THINGPASS_MOUNTED_BROKERS=emqx',
      ),
    );
  }
  if (emqxApi === undefined) {
    findings.push(
      advice(
        'THINGPASS_PROVISION_BROKERS names emqx, and THINGPASS_EMQX_API_URL is not set: answers are not published',
        'set it and THINGPASS_EMQX_API_KEY, unless a program of yours publishes them',
      ),
    );
  }
  return findings;
}

/** What EMQX has as installed; keys with another count are of no use to it. */
const EMQX_ITERATIONS = 4_096;

function credentialLifecycle(
  { credentialLifecycle }: Config,
  { THINGPASS_ROTATION_OVERLAP_DAYS: overlap }: Environment,
): Finding[] {
  const findings: Finding[] = [];
  if (credentialLifecycle.oneCredentialPerDevice && overlap && overlap !== '0') {
    findings.push(
      advice(
        'THINGPASS_ONE_CREDENTIAL_PER_DEVICE replaces credentials at once, so THINGPASS_ROTATION_OVERLAP_DAYS does nothing',
        'take one of the two out',
      ),
    );
  }
  const { scramIterations } = credentialLifecycle.passwords;
  if (scramIterations !== 0 && scramIterations !== EMQX_ITERATIONS) {
    findings.push(
      advice(
        `THINGPASS_SCRAM_ITERATIONS is ${scramIterations}, and EMQX as installed uses ${EMQX_ITERATIONS}`,
        'see that iteration_count of EMQX’s scram authenticator is the same, in both places',
      ),
    );
  }
  return findings;
}

function trust({ trust: { policy, authoritiesFile, crl } }: Config): Finding[] {
  const findings: Finding[] = [];
  const needed = TRUST_RULES.filter((rule) => rule !== 'usage' && policy[rule] !== 'off');
  if (authoritiesFile !== undefined && needed.length === 0) {
    findings.push(
      advice(
        'THINGPASS_CLIENT_CA_FILE is set, and no check of all devices uses it',
        'set THINGPASS_CERTIFICATE_PATH=require, unless device profiles ask for it',
      ),
    );
  }
  if (policy.crl === 'off' && crl.files.length + crl.urls.length > 0) {
    findings.push(
      advice(
        'revocation lists are named, and THINGPASS_CRL is off',
        'set THINGPASS_CRL=require, unless device profiles ask for it',
      ),
    );
  }
  return findings;
}

function brokers({ brokers }: Config): Finding[] {
  const [first, ...others] = BROKER_NAMES.filter((broker) => brokers[broker].noOpinionOnUnknown);
  if (first === undefined) return [];
  return [
    advice(
      `clients that are unknown here are left to the next authenticator of ${[first, ...others].join(', ')}; without one behind it some brokers let everybody in`,
      'see that an authenticator stands behind ThingPass there, or take the broker out of THINGPASS_NO_OPINION_BROKERS',
    ),
  ];
}
