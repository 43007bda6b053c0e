import type { IncomingMessage } from 'node:http';

const EMPTY = Buffer.alloc(0);

/**
 * Reads the body of a request, of any method: mosquitto-go-auth sends one with GET (`mosquitto.md` section 2).
 * @param limit in bytes; of a larger body no more is kept.
 * @param done called once, with `undefined` for a body over the limit; never for a sender who goes away before the end.
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  done: (body: Buffer | undefined) => void,
): void {
  const { headers } = request;
  const announced = headers['content-length'];
  if (announced === undefined && headers['transfer-encoding'] === undefined) {
    // Without either header there is no body (RFC 9112 section 6.3).
    done(EMPTY);
    return;
  }
  if (Number(announced) > limit) {
    done(undefined);
    return;
  }
  let chunks: Buffer[] = [];
  let length = 0;
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= limit) return;
    // What else comes flows away.
    request.off('data', onData).off('end', onEnd).resume();
    chunks = [];
    done(undefined);
  };
  const onEnd = (): void => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    // Node keeps a connection's last request until the next one comes.
    chunks = [];
    done(body);
  };
  request.on('data', onData).on('end', onEnd);
}
