import assert from 'node:assert/strict';
import { metricsOf } from '../../support/metrics-of.ts';
import { Installation, type ServerProcess } from '../../support/process.ts';
import { jsonRequest, KeptConnection } from './kept-connection.ts';
import { workersSeen } from './workers.ts';

const CONNECTIONS = 24;

export interface Login {
  readonly clientId: string;
  readonly username: string;
  readonly peerAddress: string;
}

export interface Block {
  readonly value: string;
  readonly failures: number;
  readonly lastFailure: string;
  readonly until: string;
}

/** The token of a device that a throttled server knows. */
export const tokenOf = (index: number): string => `token-of-${index}`;

/** A server of two workers that counts wrong credentials by everything, and connections to both. */
export class ThrottledServer {
  readonly #server: ServerProcess;
  readonly #connections: readonly KeptConnection[];
  readonly #key: string;
  #next = 0;

  private constructor(server: ServerProcess, connections: readonly KeptConnection[], key: string) {
    this.#server = server;
    this.#connections = connections;
    this.#key = key;
  }

  /** @param devices it knows so many. */
  static async start(settings: Record<string, string>, devices: number): Promise<ThrottledServer> {
    const installation = new Installation({
      THINGPASS_WORKERS: '2',
      THINGPASS_THROTTLE: 'address,client_id,credentials_id',
      ...settings,
    });
    const lines = Array.from({ length: devices }, (_, index) =>
      JSON.stringify({ name: `device-${index}`, accessToken: tokenOf(index) }),
    );
    const imported = await installation.run(['import', 'jsonl', '-'], lines.join('\n'));
    assert.equal(imported.code, 0, imported.stderr);
    const { key } = await installation.json<{ key: string }>(
      'api-key',
      'create',
      'reader',
      '--scope',
      'read',
    );
    const server = await installation.serve();
    assert.deepEqual(await workersSeen(server.url), [1, 2]);
    // The primary gives them to the workers in turn.
    const connections = await KeptConnection.openAll(server.port, CONNECTIONS);
    return new ThrottledServer(server, connections, key);
  }

  /** Why a login is refused; `undefined` where it is not. Each is asked over the next connection. */
  async login(login: Login): Promise<string | undefined> {
    const connection = this.#connections[this.#next++ % CONNECTIONS] as KeptConnection;
    const { body } = await connection.ask(jsonRequest('/v1/connect', login));
    return (JSON.parse(body) as { reason?: string }).reason;
  }

  /** @param filter as a query. */
  async blocked(filter = ''): Promise<{ readonly items: readonly Block[]; readonly total: number }> {
    const headers = { authorization: `Bearer ${this.#key}` };
    const response = await fetch(`${this.#server.url}/api/v1/blocked?${filter}`, { headers });
    return (await response.json()) as { items: Block[]; total: number };
  }

  metrics(): Promise<Map<string, number>> {
    return metricsOf(this.#server.url);
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.#server.stop();
  }
}
