import { existsSync } from 'node:fs';
import type { Config } from '../../../config/config.ts';
import { overlaps } from '../../../engine/access/matching.ts';
import { ruleOf } from '../../../engine/access/stored-rule.ts';
import { readTopicFilter } from '../../../engine/access/topic.ts';
import { isThingPassError } from '../../../model/errors.ts';
import { BROKER_NAMES } from '../../../model/question.ts';
import type { Rule } from '../../../model/topic-rules.ts';
import { readRulesFile } from '../../../server/read-rules-file.ts';
import { readAccessRules } from '../../../storage/reading/access-rule-reader.ts';
import { advice, type Check, type Finding, problem } from '../finding.ts';

/** ThingsBoard's topics that are one session's there, and everybody's on a broker that mounts nobody apart. */
const OF_ONE_SESSION = ['v1/devices/me/#', 'v1/gateway/#', 'v2/fw/response/#', 'v2/sw/response/#'].map(
  (filter) => filter.split('/'),
);

/** Rules that let devices read each other's messages, and rules that cannot be read. */
export const checkTopics: Check = {
  name: 'topics',
  looks: 'no rule shares ThingsBoard’s topics between devices',
  needsConfig: true,
  run: ({ config }) => (config === undefined ? [] : look(config)),
};

async function look(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  const rules: Rule[] = [];
  if (config.rulesFile !== undefined) {
    try {
      rules.push(...(await readRulesFile(config.rulesFile)));
    } catch (error) {
      if (!isThingPassError(error, 'config_invalid')) throw error;
      findings.push(
        ...error.data.problems.map((detail) =>
          problem(detail, 'mend that line; README.md, “What a device may do”, has the syntax'),
        ),
      );
    }
  }
  rules.push(...(await storedRules(config, findings)));
  const mounted = BROKER_NAMES.filter((broker) => config.brokers[broker].perDeviceMountpoint);
  const shared = rules.filter(sharesBetweenDevices);
  const tell = mounted.length === 0 ? problem : advice;
  const where = mounted.length === 0 ? 'every broker' : `brokers other than ${mounted.join(', ')}`;
  for (const { filter, origin } of shared) {
    findings.push(
      tell(
        `${origin ?? 'a rule'} lets devices subscribe to ${filter}: on ${where} that is one topic for all, where each reads what was meant for the others`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written in rules
        'let it name devices/${device.id}/…, or mount each device apart at the broker and set THINGPASS_MOUNTED_BROKERS',
      ),
    );
  }
  if (mounted.length === 0 && shared.length === 0) {
    findings.push(
      advice(
        'no broker mounts each device apart: devices may publish to v1/devices/me/…, and are refused when they subscribe there (topic_shared_between_devices)',
        'leave it so where devices only send; else set the mount point of deploy/emqx or deploy/vernemq, and THINGPASS_MOUNTED_BROKERS',
      ),
    );
  }
  return findings;
}

/** A rule for one device alone is somebody's intention: a backend that reads everything. */
function sharesBetweenDevices({ permission, action, filter, scope }: Rule): boolean {
  if (permission !== 'allow' || action === 'publish' || scope.kind === 'device') return false;
  // A placeholder stands for one level, which is the device's own.
  const levels = readTopicFilter(filter.replace(/\$\{[^}]*\}/g, 'x'));
  return levels !== undefined && OF_ONE_SESSION.some((one) => overlaps({ levels, everything: false }, one));
}

/** None where there is no database to ask, which is another check's to tell. */
async function storedRules({ database }: Config, findings: Finding[]): Promise<Rule[]> {
  if (database.kind === 'sqlite' && !existsSync(database.file)) return [];
  const rows = await readAccessRules(database).catch(() => []);
  return rows.flatMap((row) => {
    const rule = ruleOf(row);
    if (typeof rule !== 'string') return [rule];
    findings.push(
      problem(`rule ${row.id} cannot be read: ${rule}`, `thingpass rule delete ${row.id}, and add it anew`),
    );
    return [];
  });
}
