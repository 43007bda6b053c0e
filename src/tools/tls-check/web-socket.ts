import { createHash, randomBytes } from 'node:crypto';
import type { Conversation } from './conversation.ts';

/** The answer to a WebSocket upgrade (RFC 6455 section 4). */
export interface Upgrade {
  /** `undefined` if no HTTP answer came. */
  readonly status: number | undefined;
  readonly subprotocol: string | undefined;
  /** A sentence, if something is wrong. */
  readonly problem: string | undefined;
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_HEAD_BYTES = 16 * 1024;

const STATUS_MEANINGS: ReadonlyMap<number, string> = new Map([
  [400, 'the request was refused; nginx also does so for a missing or invalid client certificate'],
  [401, 'the proxy requires authentication'],
  [403, 'the proxy refuses this client; with forward authentication, ThingPass may have denied it'],
  [404, 'there is nothing at this path; most brokers use /mqtt'],
  [426, 'the server requires another WebSocket version'],
  [502, 'the proxy cannot reach the broker'],
  [503, 'the proxy has no healthy broker'],
  [504, 'the broker did not answer the proxy in time'],
]);

/** Requests a WebSocket with the subprotocol `mqtt` (MQTT 3.1.1 section 6). */
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
    (bytes) => bytes.includes('\r\n\r\n') || bytes.length > MAX_HEAD_BYTES,
    milliseconds,
  );
  const end = conversation.bytes.indexOf('\r\n\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(conversation.bytes.toString('latin1'))?.[1];
  if (end < 0 || status === undefined) {
    const problem =
      waited === 'timeout' ? 'the upgrade was not answered in time' : 'the answer to the upgrade is not HTTP';
    return { status: undefined, subprotocol: undefined, problem };
  }
  const head = conversation.take(end + 4).toString('latin1');
  if (status !== '101') {
    await conversation.wait(() => false, 100);
    return {
      status: Number(status),
      subprotocol: undefined,
      problem: explainRefusedUpgrade(Number(status), conversation.bytes),
    };
  }
  const header = (name: string): string | undefined =>
    new RegExp(`^${name}: *(.*)\\r$`, 'im').exec(head)?.[1]?.trim();
  const accepted = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  const subprotocol = header('sec-websocket-protocol');
  const problem =
    header('sec-websocket-accept') === accepted ? undefined : 'Sec-WebSocket-Accept does not match the key';
  return { status: 101, subprotocol, problem };
}

function explainRefusedUpgrade(status: number, body: Buffer): string {
  const words =
    STATUS_MEANINGS.get(status) ??
    (status >= 300 && status < 400 ? 'MQTT clients do not follow redirects' : '');
  // nginx reports certificate problems only in its error page.
  const detail = /No required SSL certificate was sent|The SSL certificate error/.exec(
    body.toString('latin1'),
  )?.[0];
  const page = detail === undefined ? '' : ` (“${detail}”)`;
  return `the upgrade was answered with HTTP ${status}${words === '' ? '' : `: ${words}`}${page}`;
}

/** Encodes one masked binary frame (RFC 6455 section 5.2). */
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

/** The payloads of the data frames so far, and the code of a close frame if there is one. */
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
