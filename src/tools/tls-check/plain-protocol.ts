import { connectSocket } from './connect.ts';
import { Conversation } from './conversation.ts';
import { connectPacket, readConnack } from './mqtt-packets.ts';
import type { Target } from './target.ts';

export type PlainProtocol = 'mqtt' | 'http' | undefined;

/**
 * Detects the protocol of a port that does not speak TLS. The MQTT test sends no user name or password, because
 * anybody can read this connection.
 * @param answered what the server answered to a ClientHello.
 */
export async function detectPlainProtocol(
  target: Target,
  answered: Buffer,
  milliseconds: number,
): Promise<PlainProtocol> {
  if (isHttp(answered)) return 'http';
  const exchange = async (bytes: Uint8Array | string): Promise<Buffer> => {
    const socket = await connectSocket(target, milliseconds);
    if (socket instanceof Error) return Buffer.alloc(0);
    const conversation = new Conversation(socket);
    conversation.send(bytes);
    await conversation.wait((come) => come.length >= 5, milliseconds);
    conversation.end();
    return conversation.bytes;
  };
  const [toMqtt, toHttp] = await Promise.all([
    exchange(connectPacket({ clientId: `thingpass-check-${process.pid}` })),
    exchange(`GET / HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`),
  ]);
  if (readConnack(toMqtt) !== undefined) return 'mqtt';
  return isHttp(toHttp) || isHttp(toMqtt) ? 'http' : undefined;
}

function isHttp(bytes: Buffer): boolean {
  return bytes.subarray(0, 5).toString('latin1') === 'HTTP/';
}
