/** A worker that counts what it is told, for tests of the crew alone. */
import { createServer } from 'node:http';
import { onStop, WorkerCrew } from '../../../../src/server/process-group/worker.ts';

export interface Count {
  add(amount: number): Promise<number>;
}

const processes = new WorkerCrew(Number(process.env.WORKER_NUMBER));
const server = createServer((_request, response) => response.end(String(processes.worker)));
onStop(processes, async () => void server.close());
const count = processes.inPrimary<Count>(
  'count',
  { add: () => Promise.reject(new Error('not here')) },
  { add: true },
);

const blocked = new Set<string>();
processes.handle('blocked', (address: string) => void blocked.add(address));
processes.handle('failed login', (address: string) => processes.tellPrimary('failed login', address));
processes.handle('which are blocked', () => [...blocked]);
processes.handle('add', (amount: number) => count.add(amount));
processes.handle('gather', (name: string) => processes.gather(name, undefined));
processes.handle('what is wrong', () => processes.problems());
processes.handle('die', () => process.exit(3));
processes.handle('never', () => new Promise(() => undefined));
processes.handle('loop', () => {
  for (;;);
});

const { PORT } = await processes.askPrimary<{ PORT: string }>('settings', undefined);
server.listen(Number(PORT), '127.0.0.1');
