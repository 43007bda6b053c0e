/** A worker that counts what it is told, for tests of the crew alone. */
import { createServer } from 'node:http';
import { onStop, WorkerCrew } from '../../../../src/server/process-group/worker.ts';

export interface Count {
  add(amount: number): Promise<number>;
}

const crew = new WorkerCrew(Number(process.env.WORKER_NUMBER));
const server = createServer((_request, response) => response.end(String(crew.worker)));
onStop(crew, async () => void server.close());
const count = crew.inPrimary<Count>(
  'count',
  { add: () => Promise.reject(new Error('not here')) },
  { add: true },
);

const blocked = new Set<string>();
crew.handle('blocked', (address: string) => void blocked.add(address));
crew.handle('failed login', (address: string) => crew.tellPrimary('failed login', address));
crew.handle('which are blocked', () => [...blocked]);
crew.handle('add', (amount: number) => count.add(amount));
crew.handle('gather', (name: string) => crew.gather(name, undefined));
crew.handle('what is wrong', () => crew.troubles());
crew.handle('die', () => process.exit(3));
crew.handle('never', () => new Promise(() => undefined));
crew.handle('loop', () => {
  for (;;);
});

const { PORT } = await crew.askPrimary<{ PORT: string }>('settings', undefined);
server.listen(Number(PORT), '127.0.0.1');
