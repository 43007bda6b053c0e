/**
 * What one topic check costs: `node --import tsx test/bench/access.ts`. Prints nanoseconds per check, the median of
 * seven rounds, and the slowest of them.
 */
import { decideTopic } from '../../src/engine/access/decide-topic.ts';
import { emqxList } from '../../src/engine/access/emqx-list.ts';
import { compileRules } from '../../src/engine/access/rule-set.ts';
import { tbmqRules } from '../../src/engine/access/tbmq-rules.ts';
import type { RuleSet } from '../../src/model/topic-rules.ts';
import { DEVICE_ID, rule, subject } from '../engine/access/support.ts';

const who = subject();
const shared = { perDeviceMountpoint: false };

const handful = compileRules([
  rule('deny all $SYS/#'),
  rule('deny publish plant/+/config/#'),
  rule('allow publish plant/<device.name>/#'),
  rule('allow subscribe plant/<device.name>/+/state'),
  rule('allow subscribe broadcast/#', { qos: [0, 1] }),
]);

const many = compileRules([
  ...Array.from({ length: 1000 }, (_, at) => rule(`deny all plant/line-${at}/secret/#`)),
  ...Array.from({ length: 5 }, (_, at) => rule(`allow publish plant-${at}/<clientId>/#`)),
  rule('allow all plant/+/+/state'),
]);

function publish(set: RuleSet, topic: string): () => unknown {
  return () => decideTopic(who, { action: 'publish', topic, qos: 1, retain: false }, set, shared);
}

function subscribe(set: RuleSet, topic: string): () => unknown {
  return () => decideTopic(who, { action: 'subscribe', topic, qos: 1 }, set, shared);
}

const CASES: Readonly<Record<string, () => unknown>> = {
  'publish, 5 rules, by a rule with a placeholder': publish(handful, 'plant/meter-1/temperature'),
  'publish, 5 rules, own namespace': publish(handful, `devices/${DEVICE_ID}/temperature`),
  'publish, 5 rules, ThingsBoard’s table': publish(handful, 'v1/devices/me/telemetry'),
  'publish, 5 rules, refused': publish(handful, 'elsewhere/x'),
  'publish, 1006 rules': publish(many, 'plant/line-77/pump/state'),
  'subscribe, 5 rules, plain topic': subscribe(handful, 'plant/meter-1/a/state'),
  'subscribe, 5 rules, covered': subscribe(handful, 'plant/meter-1/+/state'),
  'subscribe, 5 rules, refused': subscribe(handful, '#'),
  'subscribe, 1006 rules, walked': subscribe(many, 'plant/+/pump/state'),
  'the list for EMQX, 5 rules': () => emqxList(who, handful, { ...shared, authorizer: true }),
  'the patterns for TBMQ, 5 rules': () => tbmqRules(who, handful, shared),
};

function round(check: () => unknown): number {
  let times = 0;
  const start = process.hrtime.bigint();
  let spent = 0n;
  while (spent < 100_000_000n) {
    for (let at = 0; at < 100; at++) check();
    times += 100;
    spent = process.hrtime.bigint() - start;
  }
  return Number(spent) / times;
}

for (const [name, check] of Object.entries(CASES)) {
  round(check);
  const rounds = Array.from({ length: 7 }, () => round(check)).sort((left, right) => left - right);
  const [median, slowest] = [rounds[3], rounds[6]].map((one) => Math.round(one ?? 0).toLocaleString('en'));
  console.log(`${name.padEnd(50)} ${median?.padStart(10)} ns   slowest ${slowest} ns`);
}
