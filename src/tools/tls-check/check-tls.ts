import { isIP } from 'node:net';
import { type Problem, warning } from '../../engine/certificates/examine/found-problem.ts';
import { type Alert, alertIn, alertOf, VERIFICATION_MEANINGS } from './alerts.ts';
import type { CheckOptions } from './check-options.ts';
import { connectSocket, type Handshake, performHandshake } from './connect.ts';
import { Conversation } from './conversation.ts';
import {
  explainHandshakeFailure,
  explainNetworkError,
  explainPortWithoutTls,
  explainRefusalAfterHandshake,
} from './explain-failure.ts';
import { connackMeaning } from './mqtt-packets.ts';
import { chainProblems, clientProblems, reportChain, versionProblems } from './server-problems.ts';
import { openSession, type Session } from './session.ts';
import { schemeName } from './signature-schemes.ts';
import type { ClientCertificateReport, TlsReport } from './tls-report.ts';
import { probeVersions } from './versions.ts';

/**
 * How long to wait for a late alert after the handshake. With TLS 1.3 a server's alert comes after the client has
 * finished.
 */
const LATE_ALERT_MS = 300;

/**
 * Connects as an MQTT client would, and reports which side refused and why. It takes about five steps of at most
 * `stepMs` each. User name and password are sent only to a server whose certificate is valid.
 * @throws if the client's certificate and key cannot be used together.
 */
export async function checkTls(options: CheckOptions): Promise<TlsReport> {
  const { target, client, stepMs } = options;
  const servername = options.servername ?? target.host;
  const name = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`;
  const base: TlsReport = {
    ...EMPTY,
    target: options.path === undefined ? name : `wss://${name}${options.path}`,
  };
  const socket = await connectSocket(target, stepMs);
  if (socket instanceof Error) {
    return { ...base, stage: 'network', refusedBy: 'network', why: explainNetworkError(socket, name) };
  }
  const handshake = await performHandshake(socket, {
    servername,
    client,
    milliseconds: stepMs,
    minVersion: 'TLSv1.2',
  });
  if (handshake.socket === undefined && !handshake.observations().isTls) {
    return {
      ...base,
      stage: 'tls',
      refusedBy: 'server',
      why: await explainPortWithoutTls(options, handshake),
    };
  }
  // Listen before anything is sent, so that no answer is missed.
  const conversation = handshake.socket === undefined ? undefined : new Conversation(handshake.socket);
  // Both run at the same time, because a broker does not wait long for CONNECT.
  const probes = probeVersions(target, servername, client, stepMs);
  const outcome =
    conversation === undefined
      ? refusedInHandshake(options, handshake, await probes)
      : await afterHandshake(options, handshake, conversation, servername);
  conversation?.end();
  const versions = await probes;
  const seen = handshake.observations();
  return {
    ...base,
    ...outcome,
    versions,
    negotiated:
      handshake.version && handshake.cipher
        ? { version: handshake.version, cipher: handshake.cipher }
        : undefined,
    serverChain: reportChain(seen.serverChain, Date.now()),
    clientCertificate: describeRequest(handshake),
    problems: [
      ...chainProblems(seen.serverChain),
      ...(seen.serverChain.length > 0
        ? clientProblems(options.ownCertificates, seen, handshake.version === 'TLSv1.3')
        : []),
      ...versionProblems(versions, handshake),
      ...outcome.problems,
    ],
  };
}

const EMPTY: Omit<TlsReport, 'target'> = {
  stage: 'network',
  refusedBy: undefined,
  why: '',
  versions: [],
  negotiated: undefined,
  serverChain: [],
  clientCertificate: undefined,
  alert: undefined,
  upgrade: undefined,
  connack: undefined,
  problems: [],
};

type Outcome = Pick<TlsReport, 'stage' | 'refusedBy' | 'why' | 'alert' | 'upgrade' | 'connack' | 'problems'>;

function outcome(
  stage: Outcome['stage'],
  refusedBy: Outcome['refusedBy'],
  why: string,
  more: Partial<Outcome> = {},
): Outcome {
  return {
    alert: undefined,
    upgrade: undefined,
    connack: undefined,
    problems: [],
    stage,
    refusedBy,
    why,
    ...more,
  };
}

function refusedInHandshake(
  options: CheckOptions,
  handshake: Handshake,
  versions: TlsReport['versions'],
): Outcome {
  const alert = alertOfHandshake(handshake);
  const { by, why } = explainHandshakeFailure(handshake, alert, versions, options.ownCertificates.length > 0);
  return outcome('tls', by, why, { alert });
}

function alertOfHandshake(handshake: Handshake): Alert | undefined {
  const { alert } = handshake.observations();
  return alertIn(handshake.error) ?? (alert === undefined || alert === 0 ? undefined : alertOf(alert));
}

async function afterHandshake(
  options: CheckOptions,
  handshake: Handshake,
  conversation: Conversation,
  servername: string,
): Promise<Outcome> {
  const verificationFaults = verificationProblems(handshake, servername);
  if (verificationFaults.length > 0) {
    const waited = await conversation.wait(() => false, LATE_ALERT_MS);
    const alert = alertIn(conversation.error);
    const problems: Problem[] = [];
    if (waited === 'closed' || waited === 'failed') {
      problems.push(warning('server_refuses_too', explainRefusalAfterHandshake(options, handshake, alert)));
    }
    return outcome('tls', 'client', verificationFaults.join('; '), { alert, problems });
  }
  return describeSession(options, handshake, await openSession(conversation, options, servername));
}

function verificationProblems({ verificationError, nameProblem }: Handshake, servername: string): string[] {
  const chain =
    verificationError &&
    `${VERIFICATION_MEANINGS.get(verificationError) ?? 'the server’s chain is not valid'} (${verificationError})`;
  const name = nameProblem && `the server’s certificate is not for ${servername}: ${nameProblem}`;
  return [chain, name].filter((one): one is string => one !== undefined && one !== '');
}

function describeSession(options: CheckOptions, handshake: Handshake, session: Session): Outcome {
  const { upgrade, connack, waited, problems } = session;
  const more = { upgrade, problems };
  if (session.refusal !== undefined)
    return outcome(session.refusal.stage, 'server', session.refusal.why, more);
  if (connack !== undefined) {
    const meaning = connackMeaning(connack);
    const detail = { ...more, connack: { code: connack, meaning } };
    if (connack === 0)
      return outcome('connected', undefined, 'connected: TLS, MQTT and the credentials work', detail);
    return outcome('mqtt', 'server', `TLS works; the broker answered CONNACK ${connack}: ${meaning}`, detail);
  }
  const alert = alertIn(session.error);
  const asksForCertificate = handshake.observations().request !== undefined;
  if (alert !== undefined || (asksForCertificate && waited !== 'timeout' && upgrade === undefined)) {
    return outcome('tls', 'server', explainRefusalAfterHandshake(options, handshake, alert), {
      ...more,
      alert,
    });
  }
  const how = waited === 'timeout' ? 'sent no CONNACK in time' : 'closed the connection without a CONNACK';
  return outcome('mqtt', 'server', `TLS works; the broker ${how}: is it an MQTT listener?`, more);
}

function describeRequest(handshake: Handshake): ClientCertificateReport | undefined {
  const { request, clientCertificateSent, serverChain } = handshake.observations();
  if (request === undefined && serverChain.length === 0) return undefined;
  return {
    requested: request !== undefined,
    sent: clientCertificateSent,
    acceptableAuthorities: request?.authorities ?? [],
    signatureAlgorithms: request?.schemes.map(schemeName) ?? [],
  };
}
