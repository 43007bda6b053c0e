import { isIP } from 'node:net';
import { type Problem, warning } from '../../engine/certificates/examine/problem.ts';
import { type Alert, alertIn, alertOf, VERIFICATION_WORDS } from './alerts.ts';
import type { CheckOptions } from './check-options.ts';
import { connectSocket, type Handshake, shakeHands } from './connect.ts';
import { Conversation } from './conversation.ts';
import { connackWords } from './mqtt-packets.ts';
import type { ClientCertificateReport, TlsReport } from './report.ts';
import { chainProblems, clientProblems, reportChain, versionProblems } from './server-problems.ts';
import { openSession, type Session } from './session.ts';
import { schemeName } from './signature-schemes.ts';
import { askVersions } from './versions.ts';
import { networkWords, noTlsWords, postHandshakeWords, tlsWords } from './words.ts';

/** How long to listen for an alert where nothing is sent any more: with TLS 1.3 it comes after the client's handshake. */
const LATE_ALERT_MS = 300;

/**
 * Connects as an MQTT client would, and says which side refused and why. Takes some five steps at the most, each within
 * `stepMs`. User name and password are sent only to a server that a client would believe.
 * @throws where certificate and key of the client cannot be used together.
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
    return { ...base, stage: 'network', refusedBy: 'network', why: networkWords(socket, name) };
  }
  const handshake = await shakeHands(socket, {
    servername,
    client,
    milliseconds: stepMs,
    minVersion: 'TLSv1.2',
  });
  if (handshake.socket === undefined && !handshake.seen().isTls) {
    return { ...base, stage: 'tls', refusedBy: 'server', why: await noTlsWords(options, handshake) };
  }
  // Before anything is asked of the connection, so that nothing that comes over it is missed.
  const conversation = handshake.socket === undefined ? undefined : new Conversation(handshake.socket);
  // At the same time: a broker does not wait long for CONNECT.
  const asked = askVersions(target, servername, client, stepMs);
  const outcome =
    conversation === undefined
      ? refusedInHandshake(options, handshake, await asked)
      : await afterHandshake(options, handshake, conversation, servername);
  conversation?.end();
  const versions = await asked;
  const seen = handshake.seen();
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
  const { by, why } = tlsWords(handshake, alert, versions, options.ownCertificates.length > 0);
  return outcome('tls', by, why, { alert });
}

function alertOfHandshake(handshake: Handshake): Alert | undefined {
  const { alert } = handshake.seen();
  return alertIn(handshake.error) ?? (alert === undefined || alert === 0 ? undefined : alertOf(alert));
}

async function afterHandshake(
  options: CheckOptions,
  handshake: Handshake,
  conversation: Conversation,
  servername: string,
): Promise<Outcome> {
  const distrusted = distrustWords(handshake, servername);
  if (distrusted.length > 0) {
    const waited = await conversation.wait(() => false, LATE_ALERT_MS);
    const alert = alertIn(conversation.error);
    const problems: Problem[] = [];
    if (waited === 'closed' || waited === 'failed') {
      problems.push(warning('server_refuses_too', postHandshakeWords(options, handshake, alert)));
    }
    return outcome('tls', 'client', distrusted.join('; '), { alert, problems });
  }
  return describeSession(options, handshake, await openSession(conversation, options, servername));
}

function distrustWords({ distrust, nameProblem }: Handshake, servername: string): string[] {
  const chain =
    distrust && `${VERIFICATION_WORDS.get(distrust) ?? 'the server’s chain does not verify'} (${distrust})`;
  const name = nameProblem && `the server’s certificate is not for ${servername}: ${nameProblem}`;
  return [chain, name].filter((one): one is string => one !== undefined && one !== '');
}

function describeSession(options: CheckOptions, handshake: Handshake, session: Session): Outcome {
  const { upgrade, connack, waited, problems } = session;
  const more = { upgrade, problems };
  if (session.refusal !== undefined)
    return outcome(session.refusal.stage, 'server', session.refusal.why, more);
  if (connack !== undefined) {
    const meaning = connackWords(connack);
    const detail = { ...more, connack: { code: connack, meaning } };
    if (connack === 0)
      return outcome('connected', undefined, 'connected: TLS, MQTT and the credentials are fine', detail);
    return outcome(
      'mqtt',
      'server',
      `TLS is fine; the broker answered CONNACK ${connack}: ${meaning}`,
      detail,
    );
  }
  const alert = alertIn(session.error);
  const asksForCertificate = handshake.seen().request !== undefined;
  if (alert !== undefined || (asksForCertificate && waited !== 'timeout' && upgrade === undefined)) {
    return outcome('tls', 'server', postHandshakeWords(options, handshake, alert), { ...more, alert });
  }
  const how = waited === 'timeout' ? 'sent no CONNACK in time' : 'closed the connection without a CONNACK';
  return outcome('mqtt', 'server', `TLS is fine; the broker ${how}: is it an MQTT listener?`, more);
}

function describeRequest(handshake: Handshake): ClientCertificateReport | undefined {
  const { request, clientCertificateSent, serverChain } = handshake.seen();
  if (request === undefined && serverChain.length === 0) return undefined;
  return {
    requested: request !== undefined,
    sent: clientCertificateSent,
    acceptableAuthorities: request?.authorities ?? [],
    signatureAlgorithms: request?.schemes.map(schemeName) ?? [],
  };
}
