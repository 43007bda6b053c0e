import type { IncomingMessage } from 'node:http';

const EMPTY = Buffer.alloc(0);

/**
 * Collects a request's body, of any method: mosquitto-go-auth sends one with GET (`mosquitto.md` section 2). At once where
 * there is none.
 * @param done called once, with `undefined` for a body of more than `limit` bytes, of which no more is read; never for a
 * request whose sender goes away in between.
 */
export function collectBody(
  request: IncomingMessage,
  limit: number,
  done: (body: Buffer | undefined) => void,
): void {
  const { headers } = request;
  const announced = headers['content-length'];
  if (announced === undefined && headers['transfer-encoding'] === undefined) {
    done(EMPTY);
    return;
  }
  if (Number(announced) > limit) {
    done(undefined);
    return;
  }
  let only: Buffer | undefined;
  let chunks: Buffer[] | undefined;
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    if (length > limit) return;
    length += chunk.length;
    if (length > limit) {
      chunks = undefined;
      done(undefined);
    } else if (only === undefined) only = chunk;
    else if (chunks === undefined) chunks = [only, chunk];
    else chunks.push(chunk);
  });
  request.on('end', () => {
    if (length <= limit) done(chunks === undefined ? (only ?? EMPTY) : Buffer.concat(chunks));
  });
}
