import { SHORTEST_SECRET, settledEnvironment } from '../../../config/config.ts';
import { SETTINGS } from '../../../config/settings.ts';
import { PLACEHOLDER_SECRET } from '../../product-config/options.ts';
import { type Check, type Finding, problem } from '../finding.ts';

/** What configurations and the documentation have in the place of a secret begins so. */
const PLACEHOLDER = PLACEHOLDER_SECRET.slice(0, 'CHANGE-ME'.length);

/** Fewer different characters than this in a secret that is long enough were typed with one finger. */
const FEWEST_CHARACTERS = 6;

/** Secrets that anybody could guess; their length is the configuration's own rule. */
export const checkSecrets: Check = {
  name: 'secrets',
  looks: 'no secret is a placeholder, or easily guessed',
  needsConfig: false,
  run({ environment }) {
    const settled = settledEnvironment(environment);
    return SETTINGS.filter(({ kind }) => kind === 'secret').flatMap(({ name }): Finding[] => {
      const lines = (settled[name] ?? '').split('\n').filter((line) => line !== '');
      if (lines.some((line) => line.includes(PLACEHOLDER))) {
        return [
          problem(`${name} is the placeholder of the documentation, which everybody knows`, mendFor(name)),
        ];
      }
      const proves = name.startsWith('THINGPASS_SECRET');
      if (proves && lines.some(isMonotonous)) {
        return [problem(`${name} repeats a few characters`, mendFor(name))];
      }
      return [];
    });
  },
};

/** What is too short is told already. */
function isMonotonous(secret: string): boolean {
  return secret.length >= SHORTEST_SECRET && new Set(secret).size < FEWEST_CHARACTERS;
}

function mendFor(name: string): string {
  return name.startsWith('THINGPASS_SECRET')
    ? `make one with: openssl rand -hex 24; then set it here and at the broker`
    : 'set the one that the other side gave you';
}
