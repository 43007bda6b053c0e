import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Service } from 'kubernetes-models/v1/Service';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../../src/config/config.ts';
import { GO_LIBRARIES, without } from '../../support/machine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CHART = fileURLToPath(new URL('../../../deploy/kubernetes/thingpass', import.meta.url));
const RENDERER = fileURLToPath(new URL('render.go', import.meta.url));
const RENDER = join(temporaryFolder(), 'render');

const skip = without('go');

before(() => {
  if (skip !== false) return;
  // Debian's Go finds Debian's libraries, without a network.
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: GO_LIBRARIES };
  execFileSync('go', ['build', '-o', RENDER, RENDERER], { env, encoding: 'utf8' });
});

/** Kubernetes' own schemas, by kind. */
const KINDS = {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  NetworkPolicy,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  Service,
};
type Kind = keyof typeof KINDS;

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

const SECRET = { existingSecret: 'broker-secret', key: 'secret' };
const ONE = { brokerSecret: SECRET };
const MANY = {
  ...ONE,
  database: { existingSecret: 'database', key: 'url' },
  replicaCount: 3,
  settings: { THINGPASS_MOUNTED_BROKERS: 'emqx', THINGPASS_CACHE_SIZE: 100000 },
  existingSecrets: ['more'],
  rules: 'rules:\n  - permission: allow\n    action: all\n    filter: plant/#\n',
  networkPolicy: { enabled: true, from: [{ podSelector: { matchLabels: { app: 'emqx' } } }] },
  tolerations: [{ key: 'edge', operator: 'Exists' }],
};
const SCALED = {
  ...ONE,
  database: MANY.database,
  autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 5, targetCPUUtilizationPercentage: 50 },
  drainSeconds: 0,
};

function render(values: object): Map<string, Record<string, unknown>> {
  const text = execFileSync(RENDER, [CHART, JSON.stringify(values)], { encoding: 'utf8' });
  const manifests = parseAllDocuments(text).map((one) => one.toJS() as Record<string, unknown> | null);
  return new Map(manifests.filter((one) => one !== null).map((one) => [one.kind as string, one]));
}

test('what the chart renders is what Kubernetes takes', { skip }, () => {
  const kinds = [ONE, MANY, SCALED].map((values) => {
    const manifests = render(values);
    for (const [kind, manifest] of manifests) new KINDS[kind as Kind](manifest as never).validate();
    return [...manifests.keys()].sort().join(' ');
  });
  assert.deepEqual(kinds, [
    'Deployment NetworkPolicy PersistentVolumeClaim Service',
    'ConfigMap Deployment Job NetworkPolicy PodDisruptionBudget Service',
    'Deployment HorizontalPodAutoscaler Job NetworkPolicy PodDisruptionBudget Service',
  ]);
  const wrong = render(ONE).get('Deployment') as { spec: { replicas: unknown } };
  wrong.spec.replicas = 'many';
  assert.throws(() => new Deployment(wrong as never).validate(), /replicas/);
});

test('the environment of the pods is a configuration that serves', { skip }, () => {
  for (const values of [ONE, MANY, SCALED]) {
    const deployment = render(values).get('Deployment') as unknown as {
      spec: { template: { spec: { containers: { env: Variable[] }[] } } };
    };
    const variables = deployment.spec.template.spec.containers[0]?.env ?? [];
    const secrets: Record<string, string> = {
      'broker-secret/secret': 'a-secret-of-the-broker',
      'database/url': 'postgresql://thingpass@database/thingpass',
    };
    const environment = variables.map(({ name, value, valueFrom }) => {
      const { secretKeyRef } = valueFrom ?? {};
      return [name, value ?? secrets[`${secretKeyRef?.name}/${secretKeyRef?.key}`]];
    });
    const config = readConfig(Object.fromEntries(environment));
    assert.deepEqual([config.host, config.port], ['0.0.0.0', 8080]);
    assert.equal(config.brokers.emqx.secrets[0], 'a-secret-of-the-broker');
    assert.equal(config.database.kind, values === ONE ? 'sqlite' : 'postgresql');
  }
});

test('SQLite has one replica', { skip }, () => {
  for (const values of [
    { ...ONE, replicaCount: 2 },
    { ...ONE, autoscaling: SCALED.autoscaling },
  ]) {
    assert.throws(() => render(values), /more than one replica needs PostgreSQL/);
  }
});

test('the schema takes the values that the chart has, and no others', () => {
  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')),
  );
  const defaults = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as object;
  const without = (values: object) => validate({ ...defaults, ...values });
  assert.ok(!without({}), 'a secret of the brokers must be named');
  for (const values of [ONE, MANY, SCALED]) assert.ok(without(values), JSON.stringify(validate.errors));
  assert.ok(!without({ ...ONE, replicas: 3 }), 'an unknown name');
  assert.ok(!without({ ...ONE, replicaCount: '3' }));
  for (const [minAvailable, taken] of [
    [1, true],
    ['50%', true],
    [-1, false],
    ['half', false],
  ] as const) {
    assert.equal(without({ ...ONE, podDisruptionBudget: { minAvailable } }), taken, `${minAvailable}`);
  }
  assert.ok(!without({ ...ONE, settings: { THINGPASS_SECRET: 'plain text' } }), 'secrets are no values');
  const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as {
    properties: object;
  };
  assert.deepEqual(
    Object.keys(defaults).filter((name) => !(name in schema.properties)),
    [],
  );
});
