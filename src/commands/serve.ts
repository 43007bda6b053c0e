import { join, relative } from 'node:path';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import { type Config, settledEnvironment } from '../config/config.ts';
import type { OpenExplainer } from '../server/management/explanation.ts';
import type { RunningServer } from '../server/start.ts';
import { example, loadConfig } from './shared/command.ts';

/** `thingpass serve`. */
export function addServe(program: Command): void {
  example(
    program
      .command('serve')
      .description('start the server; SIGTERM and SIGINT stop it once requests under way are answered')
      .action(serve),
    'THINGPASS_PORT=9000 thingpass serve',
  );
}

async function serve(): Promise<void> {
  const config = loadConfig();
  // The other commands need no server, and start in half the time without it.
  const { createLog } = await import('../server/logging/log.ts');
  const log = createLog(config.logLevel);
  const started = start(config, log);
  // A caller that reads that the server listens may stop it at once. Before that the start is awaited; a second signal ends it.
  const stop = (): void => {
    started
      .then((server) => server.stop())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const { firstStart, url } = await started;
  if (firstStart) process.stderr.write(firstSteps(url));
}

async function start(config: Config, log: Logger): Promise<RunningServer> {
  if (config.workers === 1) {
    const { startServer } = await import('../server/start.ts');
    return startServer(config, log, openExplainer);
  }
  const { startWorkers } = await import('../server/start-workers.ts');
  return startWorkers(config, settledEnvironment(process.env), log, openExplainer);
}

/** Loaded once somebody asks why: most servers are never asked. */
const openExplainer: OpenExplainer = async (config, inForce) =>
  (await import('../tools/explain/open.ts')).openExplainer(config, inForce);

function firstSteps(url: string): string {
  return `
ThingPass is new here. Create a device, in another terminal:

  ${ownName()} device create my-first-device

and ask whether it may connect, with the token that was printed:

  curl ${url}/v1/connect -H 'content-type: application/json' -d '{"username":"<token>"}'

README.md tells which URL to give to your broker.

`;
}

/** How to call this command again: from a clone by its file, from an installed package by name. */
function ownName(): string {
  const file = relative(process.cwd(), process.argv[1] ?? '');
  return file === join('dist', 'cli.js') ? `node ${file}` : 'npx thingpass';
}
