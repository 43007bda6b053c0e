import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { ServerProcess } from '../../support/process.ts';

export interface LivingWorker {
  readonly worker: number;
  readonly pid: number;
}

/** The workers that listen, as the log tells. */
export function livingWorkers(server: ServerProcess): LivingWorker[] {
  const living = new Map<number, LivingWorker>();
  for (const line of server.output.split('\n')) {
    if (!line.includes('a worker listens') && !line.includes('a worker ended')) continue;
    let logged: LivingWorker & { msg: string };
    try {
      logged = JSON.parse(line);
    } catch {
      continue;
    }
    const { worker, pid, msg } = logged;
    if (msg === 'a worker listens') living.set(worker, { worker, pid });
    else if (living.get(worker)?.pid === pid) living.delete(worker);
  }
  return [...living.values()].sort((one, other) => one.worker - other.worker);
}

/** The numbers of the workers that answer. */
export async function workersSeen(url: string): Promise<number[]> {
  const seen = new Set<number>();
  for (let count = 0; count < 8; count++) {
    const response = await fetch(`${url}/livez`, { headers: { connection: 'close' } });
    seen.add(((await response.json()) as { worker: number }).worker);
  }
  return [...seen].sort((one, other) => one - other);
}

export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Whether a process runs. One that ended may wait to be noticed by whoever inherited it. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
