import { readConfig } from '../../config/config.ts';
import { isThingPassError } from '../../model/errors.ts';
import { checkCertificates } from './checks/certificates.ts';
import { checkClock } from './checks/clock.ts';
import { checkConfiguration } from './checks/configuration.ts';
import { checkContradictions } from './checks/contradictions.ts';
import { checkDatabase } from './checks/database.ts';
import { checkExpiring } from './checks/expiring.ts';
import { checkFiles } from './checks/files.ts';
import { checkPatterns } from './checks/patterns.ts';
import { checkSecrets } from './checks/secrets.ts';
import { checkThingsBoard } from './checks/thingsboard.ts';
import { checkTopics } from './checks/topics.ts';
import {
  type Check,
  type Checked,
  type Environment,
  type Examined,
  type Finding,
  problem,
} from './finding.ts';

/** In the order in which they are told; a new check is one more line here. */
const CHECKS: readonly Check[] = [
  checkConfiguration,
  checkContradictions,
  checkSecrets,
  checkFiles,
  checkClock,
  checkDatabase,
  checkThingsBoard,
  checkCertificates,
  checkExpiring,
  checkPatterns,
  checkTopics,
];

/**
 * Looks at everything that stops an installation, one check after the other; what one check cannot do is its finding, and
 * stops no other. Changes nothing.
 */
export async function examineInstallation(
  environment: Environment,
  environmentFile: string | undefined,
  now = Date.now(),
): Promise<readonly Checked[]> {
  const examined: Examined = { environment, environmentFile, now, ...read(environment) };
  const all: Checked[] = [];
  for (const { name, looks, needsConfig, run } of CHECKS) {
    if (needsConfig && examined.config === undefined) continue;
    all.push({ check: name, looked: looks, findings: await outcome(run, examined) });
  }
  return all;
}

function read(environment: Environment): Pick<Examined, 'config' | 'configProblems'> {
  try {
    return { config: readConfig(environment), configProblems: [] };
  } catch (error) {
    if (!isThingPassError(error, 'config_invalid')) throw error;
    return { config: undefined, configProblems: error.data.problems };
  }
}

async function outcome(run: Check['run'], examined: Examined): Promise<readonly Finding[]> {
  try {
    return await run(examined);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return [
      problem(`the check itself failed: ${message || code}`, 'mend what the message names, and run it again'),
    ];
  }
}
