import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PATIENT } from '../../support/patience.ts';
import { ServerProcess } from '../../support/process.ts';

const REFERENCE = fileURLToPath(new URL('./reference.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

export interface MeasuredServer {
  readonly port: number;
  /** Resident memory in bytes. */
  memory(): number;
  /** Processor time so far, in microseconds. */
  processorTime(): number;
  stop(): Promise<void>;
}

export async function startReference(kind: 'fastify' | 'http'): Promise<MeasuredServer> {
  const child: ChildProcess = fork(REFERENCE, [kind], { execArgv: ['--import', 'tsx'] });
  const [port] = (await once(child, 'message')) as [number];
  return {
    port,
    memory: () => residentMemory(child.pid as number),
    processorTime: () => processorTime(child.pid as number),
    stop: async () => void child.kill(),
  };
}

/** `thingpass serve` as it is built, on a database that is there. */
export async function startThingPass(environment: Record<string, string>): Promise<MeasuredServer> {
  const env = {
    PATH: process.env.PATH ?? '',
    THINGPASS_PORT: '0',
    // "Not now" in place of an answer is not what is measured, however busy the machine is.
    ...PATIENT,
    ...environment,
  };
  const child = spawn(process.execPath, [CLI, 'serve'], { env });
  const server = new ServerProcess(child);
  await server.listening;
  return {
    port: server.port,
    memory: () => residentMemory(child.pid as number),
    processorTime: () => processorTime(child.pid as number),
    stop: async () => void (await server.stop()),
  };
}

/** Linux tells it in kilobytes. */
function residentMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

/** Linux counts it in hundredths of a second; its own and the kernel's on its behalf. */
function processorTime(pid: number): number {
  const [, afterName = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = afterName.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
