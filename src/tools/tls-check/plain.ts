import { connectSocket } from './connect.ts';
import { Conversation } from './conversation.ts';
import { connectPacket, readConnack } from './mqtt-packets.ts';
import type { Target } from './target.ts';

export type PlainProtocol = 'mqtt' | 'http' | undefined;

/**
 * What a port speaks that does not speak TLS. MQTT is asked without user name and password: this connection can be
 * read by anyone.
 * @param answered what the server said to a ClientHello.
 */
export async function askPlain(
  target: Target,
  answered: Buffer,
  milliseconds: number,
): Promise<PlainProtocol> {
  if (isHttp(answered)) return 'http';
  const asked = async (bytes: Uint8Array | string): Promise<Buffer> => {
    const socket = await connectSocket(target, milliseconds);
    if (socket instanceof Error) return Buffer.alloc(0);
    const conversation = new Conversation(socket);
    conversation.send(bytes);
    await conversation.wait((come) => come.length >= 5, milliseconds);
    conversation.end();
    return conversation.bytes;
  };
  const [toMqtt, toHttp] = await Promise.all([
    asked(connectPacket({ clientId: `thingpass-check-${process.pid}` })),
    asked(`GET / HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`),
  ]);
  if (readConnack(toMqtt) !== undefined) return 'mqtt';
  return isHttp(toHttp) || isHttp(toMqtt) ? 'http' : undefined;
}

function isHttp(bytes: Buffer): boolean {
  return bytes.subarray(0, 5).toString('latin1') === 'HTTP/';
}
