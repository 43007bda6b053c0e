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
  // Without either header there is no body (RFC 9112 section 6.3).
  if (announced === undefined && headers['transfer-encoding'] === undefined) done(EMPTY);
  else if (Number(announced) > limit) done(undefined);
  else process.nextTick(readArrived, request, limit, done);
}

/** Most bodies arrive with their heads, in one piece: reading that at once saves the stream's events. */
function readArrived(
  request: IncomingMessage,
  limit: number,
  done: (body: Buffer | undefined) => void,
): void {
  const arrived = request.read() as Buffer | null;
  if (request.complete) done(arrived === null ? EMPTY : arrived.length > limit ? undefined : arrived);
  else readRest(request, arrived, limit, done);
}

function readRest(
  request: IncomingMessage,
  arrived: Buffer | null,
  limit: number,
  done: (body: Buffer | undefined) => void,
): void {
  let chunks = arrived === null ? [] : [arrived];
  let length = arrived?.length ?? 0;
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) finish(undefined);
  };
  const onEnd = (): void => finish(Buffer.concat(chunks));
  const finish = (body: Buffer | undefined): void => {
    // What else comes flows away.
    request.off('data', onData).off('end', onEnd).resume();
    // Node keeps a connection's last request until the next one comes.
    chunks = [];
    done(body);
  };
  request.on('data', onData).on('end', onEnd);
}
