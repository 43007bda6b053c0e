import { type AddressInfo, Server as NetServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { type Config, ConfigError, isLoopback } from '../config/config.ts';
import { BROKER_NAMES } from '../model/question.ts';

/** Requests under way get this long to be answered before their connections are cut. */
const LONGEST_STOP_MS = 10_000;

/** A connection that was taken just before the stop gets this long to say what it wants. */
const FIRST_REQUEST_MS = 100;

/** @returns the address of the server as a URL. */
export async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  await app.listen({ host, port });
  return urlOf(app.server.address() as AddressInfo);
}

export function urlOf({ address, port, family }: Pick<AddressInfo, 'address' | 'port' | 'family'>): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Closes the app once its requests are answered; connections that only idle are closed as soon as they do. */
export async function closeApp(app: FastifyInstance): Promise<void> {
  const { server } = app;
  // HTTP's own `close` cuts connections that have not asked anything yet.
  if (server.listening) {
    NetServer.prototype.close.call(server);
    await wait(FIRST_REQUEST_MS);
  }
  const closeIdle = setInterval(() => server.closeIdleConnections(), 20);
  const cut = setTimeout(() => server.closeAllConnections(), LONGEST_STOP_MS);
  try {
    await app.close();
  } finally {
    clearInterval(closeIdle);
    clearTimeout(cut);
  }
}

/** Without a secret an endpoint answers anyone who can reach it, so then only this machine may. @throws {ConfigError}. */
export function refuseOpenEndpoints(config: Config): void {
  if (isLoopback(config.host)) return;
  const open = BROKER_NAMES.filter((broker) => config.brokers[broker].secrets.length === 0);
  if (open.length === 0) return;
  throw new ConfigError([
    `THINGPASS_HOST is ${config.host}, which others can reach, and ${open.join(', ')} would answer anyone: set THINGPASS_SECRET`,
  ]);
}
