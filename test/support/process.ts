import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepLog, keepSecretMembers, keepSecretOptions, keepSecretSettings } from './kept-logs.ts';
import { PATIENT } from './patience.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An installation of its own: a folder with a database, and the built command run in it as a process. */
export class Installation {
  readonly folder = temporaryFolder();
  readonly environment: Record<string, string>;

  constructor(environment: Record<string, string> = {}) {
    this.environment = {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: `file:${join(this.folder, 'thingpass.db')}`,
      THINGPASS_PORT: '0',
      ...PATIENT,
      ...environment,
    };
    keepSecretSettings(this.environment);
  }

  /** Runs `thingpass <arguments>`, giving `input` to its standard input. */
  run(args: readonly string[], input = ''): Promise<CommandResult> {
    keepSecretOptions(args);
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [CLI, ...args],
        { cwd: this.folder, env: this.environment },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
      child.stdin?.end(input);
    });
  }

  /** Runs `thingpass --json <arguments>` and parses what it prints. @throws when it fails. */
  async json<Data = Record<string, unknown>>(...args: readonly string[]): Promise<Data> {
    const { code, stdout, stderr } = await this.run(['--json', ...args]);
    if (code !== 0) throw new Error(`thingpass ${args.join(' ')} ended with ${code}: ${stderr}`);
    const printed = JSON.parse(stdout) as Data;
    keepSecretMembers(printed);
    return printed;
  }

  /** Starts `thingpass serve` and waits until it listens. */
  async serve(): Promise<ServerProcess> {
    const child = spawn(process.execPath, [CLI, 'serve'], { cwd: this.folder, env: this.environment });
    const server = new ServerProcess(child);
    await server.listening;
    return server;
  }
}

export class ServerProcess {
  readonly #child: ChildProcess;
  /** Everything on standard output so far. */
  output = '';
  errors = '';
  url = '';
  readonly listening: Promise<void>;
  readonly exited: Promise<number | null>;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', keepLog());
    child.stderr?.on('data', keepLog());
    this.exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    this.listening = new Promise((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        this.output += chunk;
        const url = /"url":"([^"]+)"/.exec(this.output)?.[1];
        if (url === undefined || this.url !== '') return;
        this.url = url;
        resolve();
      });
      child.stderr?.on('data', (chunk: Buffer) => {
        this.errors += chunk;
      });
      void this.exited.then((code) => reject(new Error(`serve ended with ${code}: ${this.errors}`)));
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Asks the process to stop, as a service manager does, and gives its exit code. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    return this.exited;
  }
}
