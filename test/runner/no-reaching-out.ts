/** Holds the unit run to what it promises: from here on this process starts no other, listens nowhere and connects to nothing. */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

function refuse(what: string): () => never {
  return () => {
    throw new Error(`a test of the unit run ${what}; see whyNotUnit in test/runner/files.ts`);
  };
}

for (const name of ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'] as const)
  childProcess[name] = refuse('starts a process') as never;
net.Server.prototype.listen = refuse('listens');
net.Socket.prototype.connect = refuse('connects');
syncBuiltinESMExports();
