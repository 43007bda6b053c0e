import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Issued, OpensslAuthority } from './openssl-authority.ts';

export interface OcspResponder {
  readonly url: string;
  stop(): Promise<void>;
}

export interface ResponderShape {
  /** Whose certificates it knows. */
  readonly authority: OpensslAuthority;
  /** Who signs; the authority itself when not given. */
  readonly signer?: Issued;
  /** Further arguments, such as `-nmin 5`. */
  readonly options?: readonly string[];
}

/** A real responder: the openssl command, on a free port of this machine. */
export async function startOcspResponder({
  authority,
  signer,
  options = [],
}: ResponderShape): Promise<OcspResponder> {
  const { own } = authority;
  const port = await freePort();
  const by = signer ?? own;
  const child = spawn(
    'openssl',
    [
      ...['ocsp', '-port', String(port), '-index', authority.indexFile, '-CA', own.certificateFile],
      ...['-rsigner', by.certificateFile, '-rkey', by.keyFile, '-ignore_err', ...options],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let detail = '';
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const heard = (chunk: Buffer): void => {
      detail += chunk;
      if (/waiting for OCSP client connections|ACCEPT/i.test(detail)) resolve();
    };
    child.stdout.on('data', heard);
    child.stderr.on('data', heard);
    void exited.then(() => reject(new Error(`openssl ocsp ended: ${detail}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill();
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
