import { type AddressInfo, createServer } from 'node:net';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { prepareStorage } from '../storage/reading/storage.ts';
import { answerForwarded } from './forwarding.ts';
import { refuseOpenEndpoints, urlOf } from './listening.ts';
import type { OpenExplainer } from './management/explanation.ts';
import { type Listening, Primary } from './process-group/primary.ts';
import { type RunningServer, startServer } from './start.ts';

/**
 * Starts a server of several processes: this one becomes the primary.
 * @param environment the settings, as workers are to read them.
 * @throws {ThingPassError} `config_invalid` as `startServer`, `worker_failed` when the workers
 *   cannot listen.
 */
export async function startWorkers(
  config: Config,
  environment: Readonly<Record<string, string>>,
  log: Logger,
  openExplainer: OpenExplainer,
): Promise<RunningServer> {
  refuseOpenEndpoints(config);
  // Before there are workers, which then only read.
  const { created } = await prepareStorage(config.database);
  // A port that the system chooses would be another one for a worker that starts when there is no other.
  const port = config.port === 0 ? await freePort(config.host) : config.port;
  const primary = new Primary(config.workers, { ...environment, THINGPASS_PORT: String(port) }, log);
  const server = startServer(config, log, openExplainer, primary);
  const app = server.then((started) => started.app);
  // The caller that awaits the server hears of its failure.
  app.catch(() => undefined);
  answerForwarded(primary, app);
  const stop = async (running: RunningServer | undefined): Promise<void> => {
    await primary.stop();
    await running?.stop();
  };
  let listening: Listening;
  let running: RunningServer | undefined;
  try {
    [listening, running] = await Promise.all([primary.start(), server]);
  } catch (error) {
    await stop(await server.catch(() => undefined));
    throw error;
  }
  const url = urlOf(listening);
  log.info({ url, database: config.database.kind, workers: config.workers }, 'listening');
  let stopped: Promise<void> | undefined;
  return {
    app: running.app,
    url,
    firstStart: created,
    stop: () => {
      stopped ??= stop(running);
      return stopped;
    },
  };
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, host, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
