import { isLoopback } from '../../../config/config.ts';
import { BROKER_NAMES } from '../../../model/question.ts';
import { type Check, type Finding, problem } from '../finding.ts';

/** Whether `serve` would take the settings at all. */
export const checkConfiguration: Check = {
  name: 'configuration',
  looks: 'every setting is known and can be used',
  needsConfig: false,
  run({ config, configProblems }) {
    const findings = configProblems.map((detail): Finding => problem(detail, mendFor(detail)));
    if (config === undefined || isLoopback(config.host)) return findings;
    const open = BROKER_NAMES.filter((broker) => config.brokers[broker].secrets.length === 0);
    if (open.length === 0) return findings;
    const detail = `THINGPASS_HOST is ${config.host}, which others can reach, and ${open.join(', ')} would answer anyone`;
    return [...findings, problem(detail, MAKE_SECRET)];
  },
};

const MAKE_SECRET = 'set THINGPASS_SECRET to the output of: openssl rand -hex 24';

/** By the words of the sentence; what they do not cover is told by the setting's own meaning. */
const MENDS: readonly (readonly [RegExp, string])[] = [
  [/is shorter than|which has no secret/, MAKE_SECRET],
  [/is not a setting/, 'rename it, or take it out of .env and the environment'],
  [/are both set/, 'take one of the two out'],
  [
    /_FILE cannot be read/,
    'create the file, let the user who runs ThingPass read it, or take the setting out',
  ],
  [
    /must be in|is not in THINGPASS_CERTIFICATE_FORMS/,
    'add it to THINGPASS_CERTIFICATE_FORMS, or take it out here',
  ],
];

function mendFor(detail: string): string {
  const [, mend] = MENDS.find(([pattern]) => pattern.test(detail)) ?? [];
  return mend ?? 'change it in .env or the environment; thingpass settings tells what each takes';
}
