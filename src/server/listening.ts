import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Config, isLoopback } from '../config/config.ts';
import { configInvalid } from '../model/errors.ts';
import { BROKER_NAMES } from '../model/question.ts';

/** @returns the address of the server as a URL. */
export async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  await app.listen({ host, port });
  return urlOf(app.server.address() as AddressInfo);
}

export function urlOf({ address, port, family }: Pick<AddressInfo, 'address' | 'port' | 'family'>): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Without a secret an endpoint answers anyone who can reach it, so then only this machine may. @throws {ThingPassError} `config_invalid`. */
export function refuseOpenEndpoints(config: Config): void {
  if (isLoopback(config.host)) return;
  const open = BROKER_NAMES.filter((broker) => config.brokers[broker].secrets.length === 0);
  if (open.length === 0) return;
  throw configInvalid([
    `THINGPASS_HOST is ${config.host}, which others can reach, and ${open.join(', ')} would answer anyone: set THINGPASS_SECRET`,
  ]);
}
