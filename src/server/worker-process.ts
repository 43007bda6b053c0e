/** The process of one worker, started by the primary and by nobody else. */
import { readConfig } from '../config/config.ts';
import { createLog } from './logging/log.ts';
import { onStop, WorkerCrew } from './process-group/worker.ts';
import { type RunningServer, startServer } from './start.ts';

const processes = new WorkerCrew(Number(process.env.WORKER_NUMBER));
const started = start();
onStop(processes, async () => (await started).stop());
await started;

async function start(): Promise<RunningServer> {
  const config = readConfig(await processes.askPrimary<Record<string, string>>('settings', undefined));
  const log = createLog(config.logLevel).child({ worker: processes.worker });
  // Node ends a worker whose primary is gone, since nobody takes connections, writes or gathers; this says why.
  process.prependListener('disconnect', () => log.error('the primary is gone, and so this worker ends'));
  try {
    return await startServer(config, log, explainInPrimary, processes);
  } catch (error) {
    log.error({ err: error }, 'the worker could not start');
    process.exit(1);
  }
}

/** The management API answers in the primary, to which workers forward what they are asked. */
function explainInPrimary(): never {
  throw new Error('a worker explains nothing');
}
