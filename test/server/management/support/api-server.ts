import { after, before } from 'node:test';
import { makeApiKey, type Scope } from '../../../../src/fleet/devices/api-key.ts';
import { startServer } from '../../../../src/server/start.ts';
import { migrate } from '../../../../src/storage/migrations/apply.ts';
import { ApiKeyRepository } from '../../../../src/storage/repositories/api-key-repository.ts';
import { openExplainer } from '../../../../src/tools/explain/open.ts';
import type { EachDatabase } from '../../../storage/support/on-each-database.ts';
import { keepSecrets } from '../../../support/kept-logs.ts';
import { openPrisma } from '../../../support/prisma.ts';
import { gatheringLog, testConfig } from '../../../support/server.ts';
import { ApiClient } from './api-client.ts';

export interface ApiServer {
  readonly url: string;
  /** With all scopes. */
  readonly api: ApiClient;
  /** Everything that was logged. */
  readonly logged: readonly Record<string, unknown>[];
  /** A key with these scopes only. */
  key(...scopes: Scope[]): Promise<string>;
  /** Asks a broker's question: may this client connect? */
  connects(attempt: Readonly<Record<string, unknown>>): Promise<boolean>;
}

/** The whole server over a database that the tests of this block share, as a value that is there once they run. */
export function apiServer(database: EachDatabase, environment: Record<string, string> = {}): ApiServer {
  let made: (ApiServer & { stop(): Promise<void> }) | undefined;
  before(async () => {
    made = await start(database, environment);
  });
  after(() => made?.stop());
  return new Proxy({} as ApiServer, { get: (_, name) => made?.[name as keyof ApiServer] });
}

async function start(database: EachDatabase, environment: Record<string, string>) {
  const { location } = database;
  const { log, logged } = gatheringLog();
  const config = testConfig({
    DATABASE_URL: location.kind === 'sqlite' ? `file:${location.file}` : location.url,
    ...environment,
  });
  await migrate(location);
  const server = await startServer(config, log, openExplainer);
  let count = 0;
  const key = async (...scopes: Scope[]): Promise<string> => {
    const prisma = await openPrisma(location);
    const { key: stored, text } = makeApiKey({ name: `key-${++count}`, scopes, createdTime: Date.now() });
    await new ApiKeyRepository(prisma).create(stored, { name: 'test', origin: 'test' });
    await prisma.$disconnect();
    keepSecrets(text);
    return text;
  };
  const api = new ApiClient(server.url, await key('read', 'write', 'provision'));
  const connects = async (attempt: Readonly<Record<string, unknown>>): Promise<boolean> => {
    const response = await fetch(`${server.url}/v1/connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(attempt),
    });
    return response.status === 200;
  };
  return { url: server.url, api, logged, key, connects, stop: () => server.stop() };
}
