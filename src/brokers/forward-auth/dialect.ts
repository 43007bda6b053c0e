import type { Allow, Decision } from '../../model/decision.ts';
import type { ConnectAttempt, Question } from '../../model/question.ts';
import type { BrokerSettings, Dialect, WebhookReply, WebhookRequest } from '../dialect.ts';
import { readHeaderCertificate } from '../header-certificate.ts';

/**
 * Forward authentication: a proxy asks before it lets a wss upgrade or an HTTP device through (nginx `auth_request`, Traefik
 * ForwardAuth, Caddy `forward_auth`, Envoy `ext_authz` over HTTP). The certificate comes in the form that the proxy writes;
 * without one, the client's own `Authorization` may hold its token (Bearer) or user name and password (Basic).
 *
 * These proxies pass the client's headers on, so the proxy proves itself by header or path, never by `Authorization`.
 */

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function readConnect(request: WebhookRequest, settings: BrokerSettings): Question {
  const { certificate, ignored } = readHeaderCertificate(request, settings);
  const attempt: ConnectAttempt = {
    broker: 'forward_auth',
    clientId: '',
    ...credentialsIn(request.headers.authorization),
    certificate,
    ignoredCertificates: ignored,
    peerAddress: undefined,
  };
  return { kind: 'connect', attempt };
}

/** RFC 7617 section 2 and RFC 6750 section 2.1; what is neither is no credential. */
function credentialsIn(authorization = ''): { username?: string; password?: string } {
  const [scheme = '', value = ''] = authorization.split(' ', 2);
  if (/^bearer$/i.test(scheme) && value !== '') return { username: value };
  if (!/^basic$/i.test(scheme)) return {};
  try {
    const text = UTF8.decode(Buffer.from(value, 'base64'));
    const colon = text.indexOf(':');
    return colon === -1 ? {} : { username: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return {};
  }
}

/**
 * 200 with who it is, 401 where other credentials would help, 403 where the certificate itself is refused, 503 where
 * nothing can be decided: every proxy lets through on a success status only.
 */
function answer(decision: Decision): WebhookReply {
  switch (decision.outcome) {
    case 'allow':
      return { status: 200, headers: identityHeaders(decision), body: '' };
    case 'unavailable':
      return refusal(503, decision.reason);
    default:
      return refusal(decision.reason.startsWith('certificate_') ? 403 : 401, decision.reason);
  }
}

function identityHeaders({ device, role }: Allow): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'x-thingpass-device-id': device?.id ?? '',
    'x-thingpass-device-name': headerText(device?.name ?? ''),
    'x-thingpass-role': role,
  };
}

/** Percent-encodes all but printable ASCII: a name may hold any character, a header may not (RFC 9110 section 5.5). */
function headerText(text: string): string {
  return text.replace(/[^\x21-\x24\x26-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

function refusal(status: number, reason: string): WebhookReply {
  return {
    status,
    headers: { 'cache-control': 'no-store', 'content-type': 'text/plain' },
    body: reason,
  };
}

export const forwardAuth: Dialect = {
  broker: 'forward_auth',
  authorizationIsClients: true,
  certificateForms: { body: [], headers: true, names: { subject: 'rfc4514', commonName: 'exact' } },
  refusedConnect: null,
  endpoints: [
    {
      name: 'connect',
      path: '/forward-auth',
      methods: ['GET', 'HEAD', 'POST', 'PUT'],
      read: readConnect,
      answer,
    },
  ],
};
