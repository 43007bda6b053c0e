import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

export interface RunningProxy {
  readonly port: number;
  /** What it wrote to its standard streams. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts nginx with this `http { … }` content; `PORT` in it is the port to listen on. */
export async function startNginx(http: (port: number) => string): Promise<RunningProxy> {
  const folder = temporaryFolder();
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  const temporaries = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n');
  writeFileSync(
    file,
    `daemon off;\nworker_processes 1;\npid ${folder}/pid;\nerror_log stderr warn;\nevents {}\nhttp {\naccess_log off;\n${temporaries}\n${http(port)}\n}\n`,
  );
  return start('nginx', ['-e', 'stderr', '-p', folder, '-c', file], port);
}

/** Starts HAProxy with this configuration. */
export async function startHaproxy(configuration: (port: number) => string): Promise<RunningProxy> {
  const file = join(temporaryFolder(), 'haproxy.cfg');
  const port = await freePort();
  writeFileSync(file, configuration(port));
  return start('haproxy', ['-db', '-f', file], port);
}

/** Starts Apache httpd with this site; everything else is the least that it needs. */
export async function startApache(site: (port: number) => string): Promise<RunningProxy> {
  const folder = temporaryFolder();
  const port = await freePort();
  const modules = [
    ...['mpm_event', 'authz_core', 'ssl', 'socache_shmcb', 'headers'],
    ...['proxy', 'proxy_http', 'proxy_wstunnel'],
  ].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`);
  const file = join(folder, 'httpd.conf');
  const head = [
    `ServerRoot ${folder}`,
    'ServerName localhost',
    `PidFile ${folder}/pid`,
    `ErrorLog ${folder}/error.log`,
  ];
  // It refuses to serve as root.
  const user = process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : [];
  writeFileSync(file, [...head, ...modules, ...user, site(port), ''].join('\n'));
  return start('apache2', ['-X', '-f', file], port);
}

async function start(program: string, args: readonly string[], port: number): Promise<RunningProxy> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  await untilListening(port, child, () => output);
  return {
    port,
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}

async function untilListening(port: number, child: ChildProcess, output: () => string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) break;
    const listening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (listening) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`the proxy does not listen on ${port}: ${output()}`);
}

/** A port that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
