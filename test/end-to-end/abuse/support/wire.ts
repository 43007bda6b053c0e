import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';

/** A request as text of HTTP, before somebody spoils it; `content-length` is added when it is written. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** What goes over the wire, in order; a number is a pause in milliseconds. */
export type Pieces = readonly (Buffer | string | number)[];

export interface RawReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Exchange {
  readonly replies: readonly RawReply[];
  /** What followed them and is no whole reply. */
  readonly rest: string;
  /** From the connection to its end. */
  readonly tookMs: number;
  /** The server did not end the connection in time, though the client had. */
  readonly hung: boolean;
}

/** The request as a well-behaved client writes it. Text of headers is latin1. */
export function bytesOf(request: RawRequest): Buffer {
  const length = request.body.length > 0 ? [['content-length', String(request.body.length)] as const] : [];
  return Buffer.concat([headOf(request, [...request.headers, ...length]), request.body]);
}

/** The head alone, with these headers and no others but `host`. */
export function headOf({ method, target }: RawRequest, headers: RawRequest['headers']): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, 'host: thingpass.test'];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** What may be no whole request is ended by the client after this time without a reply; */
export const SOON_MS = 150;
/** a whole one gets an answer by then, however busy the machine. */
const PATIENCE_MS = 30_000;
/** How long a server may take to end its side of a connection that the client has ended. */
const LONGEST_END_MS = 5_000;

/**
 * Sends pieces over a connection of their own, ends it after the first reply (or when none comes), and tells everything that
 * the server said until it ended the connection too.
 * @param quietMs how long to wait for a first reply.
 */
export function exchange(port: number, pieces: Pieces, quietMs = PATIENCE_MS): Promise<Exchange> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let limit: NodeJS.Timeout | undefined;
    let quiet: NodeJS.Timeout | undefined;
    const finish = (hung: boolean): void => {
      clearTimeout(limit);
      clearTimeout(quiet);
      socket.destroy();
      const { replies, rest } = readReplies(Buffer.concat(chunks));
      resolve({ replies, rest, tookMs: performance.now() - startedAt, hung });
    };
    const end = (): void => {
      clearTimeout(quiet);
      if (limit !== undefined) return;
      limit = setTimeout(() => finish(true), LONGEST_END_MS);
      socket.end();
    };
    const write = async (): Promise<void> => {
      for (const piece of pieces) {
        if (typeof piece === 'number') await new Promise((next) => setTimeout(next, piece));
        else if (socket.writable) socket.write(piece);
      }
      quiet = setTimeout(end, quietMs);
    };
    socket.on('connect', () => void write());
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (readReplies(Buffer.concat(chunks)).replies.length > 0) setImmediate(end);
    });
    // A reset is an end, too.
    socket.on('error', () => undefined);
    socket.on('end', () => finish(false));
    socket.on('close', () => finish(false));
  });
}

/** Every whole reply in what a server sent; informational ones are left out. */
export function readReplies(received: Buffer): { replies: RawReply[]; rest: string } {
  const replies: RawReply[] = [];
  let text = received.toString('latin1');
  for (;;) {
    const reply = readReply(text);
    if (reply === undefined) return { replies, rest: text };
    text = text.slice(reply.length);
    if (reply.status >= 200) replies.push(reply);
  }
}

function readReply(text: string): (RawReply & { length: number }) | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  const status = /^HTTP\/1\.[01] (\d{3}) /.exec(text)?.[1];
  if (headEnd === -1 || status === undefined) return undefined;
  const lines = text.slice(0, headEnd).split('\r\n').slice(1);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const bodyStart = headEnd + 4;
  const head = { status: Number(status), headers };
  if (headers.get('transfer-encoding') === 'chunked') {
    const chunks = readChunks(text, bodyStart);
    return chunks && { ...head, body: chunks.body, length: chunks.end };
  }
  const length = Number(headers.get('content-length') ?? 0);
  const body = text.slice(bodyStart, bodyStart + length);
  // A reply to HEAD names the length of a body that does not come.
  const isHeadOnly = body === '' || body.startsWith('HTTP/1.');
  if (isHeadOnly) return { ...head, body: '', length: bodyStart };
  return body.length < length ? undefined : { ...head, body, length: bodyStart + length };
}

function readChunks(text: string, start: number): { body: string; end: number } | undefined {
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (!(size >= 0) || text.length < next) return undefined;
    if (size === 0) return { body, end: next };
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = next;
  }
}

/** Whether a request was refused as HTTP, before anybody looked at what is asked. */
export function isRefusedAsHttp({ status }: RawReply): boolean {
  return (status >= 400 && status < 500) || status === 501 || status === 505;
}
