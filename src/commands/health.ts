import type { Command } from 'commander';
import { ThingPassError } from '../model/errors.ts';
import { example, loadConfig, print } from './shared/command.ts';
import { reachable } from './shared/running-server.ts';

/** How long a health check waits, in milliseconds: less than what container engines and service managers wait by default. */
const LONGEST_WAIT_MS = 2_000;

/** `thingpass health`: for health checks in images that have neither a shell nor curl. */
export function addHealth(program: Command): void {
  example(
    program
      .command('health')
      .description('ask the server on this machine whether it is ready; for health checks in containers')
      .option('--live', 'ask only whether it is alive, whatever its database does')
      .action(async ({ live }: { live?: boolean }, command: Command) => {
        const { host, port } = loadConfig();
        const state = await ask(`http://${reachable(host)}:${port}/${live ? 'livez' : 'readyz'}`);
        print(command, state, ({ status }) => status);
      }),
    'thingpass health',
    'thingpass health --live',
  );
}

/** @throws {ThingPassError} `command_failed` when the server does not answer, or says that it is not ready. */
async function ask(url: string): Promise<{ status: string }> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(LONGEST_WAIT_MS) });
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    throw new ThingPassError('command_failed', `${url} does not answer: ${cause?.message ?? message}`);
  }
  const state = (await response.json()) as { status: string };
  if (!response.ok) throw new ThingPassError('command_failed', `not ready: ${state.status}`);
  return state;
}
