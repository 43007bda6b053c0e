import type { Endpoint } from '../../../../src/brokers/dialect.ts';
import { DIALECTS } from '../../../../src/brokers/registry.ts';
import { DENY_REASONS, type DenyReason, deny } from '../../../../src/model/decision.ts';
import type { BrokerName } from '../../../../src/model/question.ts';
import { DOCUMENT } from '../../../server/management/support/api-client.ts';
import type { RawReply } from './wire.ts';

/** A webhook, as it can be seen from outside: where it is, and which answers of it are refusals to its broker. */
export interface Door {
  readonly broker: BrokerName;
  /** For people. */
  readonly name: string;
  readonly path: string;
  readonly methods: readonly string[];
  /** What is asked here: `connect` with the client's password if it has one, `topic` without. */
  readonly kind: string;
  /** Whether the broker keeps the client out, or the topic closed, when it is answered so. */
  readonly refuses: (reply: RawReply) => boolean;
}

/** Every webhook of every dialect. */
export const DOORS: readonly Door[] = DIALECTS.flatMap(({ broker, endpoints }) =>
  endpoints.map((endpoint) => ({
    broker,
    name: `${broker} ${endpoint.name} ${endpoint.path}`,
    path: endpoint.path,
    methods: endpoint.methods,
    kind: endpoint.name,
    refuses: refusalsOf(endpoint),
  })),
);

/**
 * The answers to denials hold nothing of the request, so where a refusal is not an error in HTTP, whatever else comes back is
 * none: brokers differ in what they take for one, and some are let in by an error.
 */
function refusalsOf(endpoint: Endpoint): Door['refuses'] {
  // Says only that somebody is there.
  if (endpoint.name === 'check') return () => true;
  const replies = (Object.keys(DENY_REASONS) as DenyReason[]).map((reason) =>
    endpoint.answer(deny(reason), undefined),
  );
  // Keys for SCRAM let nobody in by themselves, and those who are not known are given some, too.
  if (endpoint.name === 'scram')
    return ({ status, body }) => status === 404 || body.startsWith('{"stored_key":');
  const statuses = new Set(replies.map(({ status }) => status));
  if (!statuses.has(200)) return ({ status }) => statuses.has(status);
  const bodies = new Set(replies.map(({ status, body }) => `${status} ${body}`));
  return ({ status, body }) => bodies.has(`${status} ${body}`);
}

/** Paths for people and programs, with the methods that do something there. */
export const API_PATHS: readonly { readonly path: string; readonly methods: readonly string[] }[] =
  Object.entries(DOCUMENT.paths).map(([path, methods]) => ({
    path: `${DOCUMENT.servers[0]?.url}${path.replace(/\{\w+\}/g, 'x')}`,
    methods: Object.keys(methods).map((method) => method.toUpperCase()),
  }));

/** Open to everybody. */
export const OPEN_PATHS = ['/livez', '/readyz', '/metrics', '/docs', '/docs/problems', '/', '/*', '/k/x/y'];
