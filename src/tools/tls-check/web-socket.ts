import { createHash, randomBytes } from 'node:crypto';
import type { Conversation } from './conversation.ts';

/** What came of asking for a WebSocket (RFC 6455 section 4). */
export interface Upgrade {
  /** Undefined where no HTTP answer came. */
  readonly status: number | undefined;
  readonly subprotocol: string | undefined;
  /** A sentence where something is wrong. */
  readonly problem: string | undefined;
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const LONGEST_HEAD = 16 * 1024;

const STATUS_WORDS: ReadonlyMap<number, string> = new Map([
  [400, 'the request is refused; behind nginx also for a client certificate that is missing or bad'],
  [401, 'the proxy demands authentication'],
  [403, 'the proxy refuses this client; with forward authentication ThingPass may have said so'],
  [404, 'nothing is served under this path: brokers use /mqtt as a rule'],
  [426, 'another WebSocket version is demanded'],
  [502, 'the proxy cannot reach the broker'],
  [503, 'the proxy has no broker that is well'],
  [504, 'the broker did not answer the proxy in time'],
]);

/** Asks for a WebSocket with the subprotocol `mqtt` (MQTT 3.1.1 section 6). */
export async function upgrade(
  conversation: Conversation,
  host: string,
  path: string,
  milliseconds: number,
): Promise<Upgrade> {
  const key = randomBytes(16).toString('base64');
  conversation.send(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
  );
  const waited = await conversation.wait(
    (bytes) => bytes.includes('\r\n\r\n') || bytes.length > LONGEST_HEAD,
    milliseconds,
  );
  const end = conversation.bytes.indexOf('\r\n\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(conversation.bytes.toString('latin1'))?.[1];
  if (end < 0 || status === undefined) {
    const problem =
      waited === 'timeout'
        ? 'no answer to the upgrade came in time'
        : 'the answer to the upgrade is not HTTP';
    return { status: undefined, subprotocol: undefined, problem };
  }
  const head = conversation.take(end + 4).toString('latin1');
  if (status !== '101') {
    await conversation.wait(() => false, 100);
    return {
      status: Number(status),
      subprotocol: undefined,
      problem: refusalWords(Number(status), conversation.bytes),
    };
  }
  const header = (name: string): string | undefined =>
    new RegExp(`^${name}: *(.*)\\r$`, 'im').exec(head)?.[1]?.trim();
  const accepted = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  const subprotocol = header('sec-websocket-protocol');
  const problem =
    header('sec-websocket-accept') === accepted
      ? undefined
      : 'Sec-WebSocket-Accept is not the answer to our key';
  return { status: 101, subprotocol, problem };
}

function refusalWords(status: number, body: Buffer): string {
  const words =
    STATUS_WORDS.get(status) ??
    (status >= 300 && status < 400 ? 'redirected, which MQTT clients do not follow' : '');
  // nginx tells of certificates in its page only.
  const detail = /No required SSL certificate was sent|The SSL certificate error/.exec(
    body.toString('latin1'),
  )?.[0];
  const page = detail === undefined ? '' : ` (“${detail}”)`;
  return `the upgrade was answered with HTTP ${status}${words === '' ? '' : `: ${words}`}${page}`;
}

/** One masked binary frame (RFC 6455 section 5.2). */
export function clientFrame(payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const size = Buffer.alloc(payload.length < 126 ? 1 : 3);
  if (payload.length < 126) size[0] = 0x80 | payload.length;
  else {
    size[0] = 0x80 | 126;
    size.writeUInt16BE(payload.length, 1);
  }
  const masked = payload.map((byte, at) => byte ^ (mask[at & 3] as number));
  return Buffer.concat([Buffer.from([0x82]), size, mask, masked]);
}

/** The payloads of the data frames so far, and the code of a close frame if one came. */
export function readFrames(bytes: Buffer): { payload: Buffer; closeCode: number | undefined } {
  const payloads: Buffer[] = [];
  let closeCode: number | undefined;
  for (let at = 0; at + 2 <= bytes.length; ) {
    const opcode = (bytes[at] as number) & 0x0f;
    let length = (bytes[at + 1] as number) & 0x7f;
    let start = at + 2;
    if (length === 126 && start + 2 <= bytes.length) {
      length = bytes.readUInt16BE(start);
      start += 2;
    }
    if (length === 127 || start + length > bytes.length) break;
    const payload = bytes.subarray(start, start + length);
    if (opcode <= 2) payloads.push(payload);
    if (opcode === 8) closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    at = start + length;
  }
  return { payload: Buffer.concat(payloads), closeCode };
}
