import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { AskedRequest } from '../../server/management/explanation.ts';

/** What was given to be explained cannot be asked at all; the message says why and quotes no value. */
export class NotExplainable extends Error {
  override readonly name = 'NotExplainable';
}

const METHOD = /^[A-Z]{1,20}$/;
const PATH = /^\/[\x21-\x7e]*$/;

/** Those of the connection it was sent on; it goes over another one now. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['expect', 'content-length'],
]);

/**
 * The request as it stands on the wire, alone on its connection.
 * @throws {NotExplainable} for what no HTTP request can hold.
 */
export function toWire({ method, path, headers, body }: AskedRequest): Buffer {
  if (!METHOD.test(method)) throw new NotExplainable('the method is none of HTTP');
  if (!PATH.test(path)) throw new NotExplainable('the path cannot stand in a request line');
  const lines = [`${method} ${path} HTTP/1.1`];
  for (const [name, value] of headers) {
    if (OF_CONNECTION.has(name.toLowerCase())) continue;
    refuseUnsendable(name, value);
    lines.push(`${name}: ${value}`);
  }
  if (!headers.some(([name]) => name.toLowerCase() === 'host')) lines.push('host: localhost');
  if (body.length > 0 || method !== 'GET') lines.push(`content-length: ${body.length}`);
  lines.push('connection: close', '', '');
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body]);
}

function refuseUnsendable(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw new NotExplainable('a header cannot stand in an HTTP request');
  }
}
