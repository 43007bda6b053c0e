import { isIP } from 'node:net';
import { type Problem, warning } from '../../engine/certificates/examine/found-problem.ts';
import type { CheckOptions } from './check-options.ts';
import type { Conversation, WaitResult } from './conversation.ts';
import { connectPacket, DISCONNECT_PACKET, readConnack } from './mqtt-packets.ts';
import type { TlsReport } from './tls-report.ts';
import { clientFrame, readFrames, upgrade } from './web-socket.ts';

/** What happened after the handshake. */
export interface Session {
  readonly upgrade: TlsReport['upgrade'];
  readonly connack: number | undefined;
  /** How waiting for the last answer ended. */
  readonly waited: WaitResult;
  readonly error: Error | undefined;
  readonly refusal: { readonly stage: 'upgrade' | 'mqtt'; readonly why: string } | undefined;
  readonly problems: readonly Problem[];
}

/** Opens the WebSocket if requested, sends CONNECT and reads the answer. */
export async function openSession(
  conversation: Conversation,
  options: CheckOptions,
  servername: string,
): Promise<Session> {
  const { path, stepMs } = options;
  const packet = connectPacket(options);
  if (path === undefined) {
    conversation.send(packet);
    const waited = await conversation.wait((bytes) => bytes.length >= 4, stepMs);
    const session = sessionFrom(conversation, waited, conversation.bytes);
    if (session.connack === 0) conversation.send(DISCONNECT_PACKET);
    return session;
  }
  const host = `${isIP(servername) === 6 ? `[${servername}]` : servername}:${options.target.port}`;
  const answer = await upgrade(conversation, host, path, stepMs);
  const seen = { status: answer.status, subprotocol: answer.subprotocol };
  if (answer.status === undefined && conversation.error !== undefined) {
    return { ...sessionFrom(conversation, 'failed', Buffer.alloc(0)), upgrade: undefined };
  }
  if (answer.problem !== undefined) {
    const refusal = { stage: 'upgrade', why: answer.problem } as const;
    return { upgrade: seen, connack: undefined, waited: 'answered', error: undefined, refusal, problems: [] };
  }
  const problems =
    answer.subprotocol === 'mqtt'
      ? []
      : [
          warning(
            'no_subprotocol',
            'the server does not confirm the subprotocol mqtt: browsers and some clients then disconnect',
          ),
        ];
  conversation.send(clientFrame(packet));
  const waited = await conversation.wait((bytes) => {
    const { payload, closeCode } = readFrames(bytes);
    return payload.length >= 4 || closeCode !== undefined;
  }, stepMs);
  const { payload, closeCode } = readFrames(conversation.bytes);
  const session = sessionFrom(conversation, closeCode === undefined ? waited : 'closed', payload);
  if (session.connack === 0) conversation.send(clientFrame(DISCONNECT_PACKET));
  return { ...session, upgrade: seen, problems };
}

function sessionFrom(conversation: Conversation, waited: WaitResult, bytes: Buffer): Session {
  const connack = readConnack(bytes);
  const base = { upgrade: undefined, connack, waited, error: conversation.error, problems: [] };
  if (connack !== undefined || bytes.length === 0) return { ...base, refusal: undefined };
  const isHttp = bytes.subarray(0, 4).toString('latin1') === 'HTTP';
  const why = isHttp
    ? 'TLS works, but the port speaks HTTP: for MQTT over WebSockets pass --wss with the path'
    : 'TLS works, but the server does not speak MQTT 3.1.1';
  return { ...base, refusal: { stage: 'mqtt', why } };
}
