import type { IncomingHttpHeaders } from 'node:http';
import type { CertificateSettings } from '../config/broker-certificates.ts';
import type { NameSource } from '../engine/certificates/certificate-name.ts';
import type { EnabledForm } from '../engine/certificates/header-certificates.ts';
import type { Allow, Decision, Deny } from '../model/decision.ts';
import type {
  BrokerName,
  ClientClaim,
  ConnectAttempt,
  ScramAttempt,
  TopicAccess,
} from '../model/question.ts';
import type { RefusedConnect } from './refused-connect.ts';

/** A broker's HTTP request, before anyone has made sense of it. */
export interface WebhookRequest {
  readonly method: string;
  /** The query as it came, without the leading `?`; empty when there is none. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came: for the forms of certificates, in which a repeated header is a refusal. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** The TCP peer, which no header can claim to be. */
  readonly peer?: string | undefined;
  /** The body's bytes as they came; empty when there is none. */
  readonly body: Buffer;
}

/** The HTTP answer to a broker, header names in lower case. */
export interface WebhookReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What a request asks, free of the broker's spelling. `topic` holds several questions where one request names several
 * filters: all must be allowed, or, with `each`, one at least, and the decision says which. `scram` asks for the keys of a password instead of checking it. `identity` asks who a connected client is and lets the dialect decide by that (RabbitMQ's
 * vhosts and queues). `settled` is for what the dialect answers by itself, such as "superuser?".
 */
export type Question =
  | { readonly kind: 'connect'; readonly attempt: ConnectAttempt }
  | { readonly kind: 'scram'; readonly attempt: ScramAttempt }
  | { readonly kind: 'topic'; readonly accesses: readonly TopicAccess[]; readonly each?: boolean }
  | {
      readonly kind: 'identity';
      readonly claim: ClientClaim;
      /** Called with the client once it is known; a client that is not known is refused without asking. */
      readonly permit: (client: Allow) => Allow | Deny;
    }
  | { readonly kind: 'settled'; readonly decision: Decision };

/** The client that a question is about; `undefined` where the dialect answers without knowing it. */
export function clientOf(question: Question | undefined): ClientClaim | ConnectAttempt | undefined {
  switch (question?.kind) {
    case 'connect':
    case 'scram':
      return question.attempt;
    case 'topic':
      return question.accesses[0];
    case 'identity':
      return question.claim;
    default:
      return undefined;
  }
}

/** How the operator has set a broker up in ThingPass; the parts that its dialect needs to read and to answer. */
export interface BrokerSettings extends Partial<CertificateSettings> {
  /** Unknown clients are left to the broker's next authenticator instead of being refused. */
  readonly noOpinionOnUnknown: boolean;
  /** The broker gives every device a topic tree of its own (mount point per device). */
  readonly perDeviceMountpoint: boolean;
  /** Accept ThingsBoard's provisioning session (user name or client id `provision`). */
  readonly provisionSessions: boolean;
  /** The forms in which a certificate, or its name alone, is believed from this broker; empty: none is read. */
  readonly certificateForms: ReadonlySet<string>;
  /** Those of them that come in headers; only dialects that are not brokers' own read headers. */
  readonly headerForms?: readonly EnabledForm[] | undefined;
  /** Whether an address is one of the proxies that may write certificate headers. */
  readonly isProxy?: ((address: string) => boolean) | undefined;
}

/** One URL of a broker's dialect: a pure pair of functions, request → question and decision → reply. */
export interface Endpoint {
  /** What the broker asks here, for metrics and logs: `connect`, `topic`, `superuser`, … */
  readonly name: string;
  /** Below the server's root, such as `/emqx/authentication`. */
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'HEAD')[];
  /** @throws {RequestUnreadable} for anything that is not a request of this dialect. */
  readonly read: (request: WebhookRequest, settings: BrokerSettings) => Question;
  /**
   * The reply that makes this broker do what was decided. `question` is absent when the request could not be read, or
   * was refused before it was.
   */
  readonly answer: (decision: Decision, question: Question | undefined) => WebhookReply;
}

/** Whether the address that a broker gives for a client is what the broker saw, and nothing that the client could choose. */
export type PeerAddressTrust = (attempt: ConnectAttempt) => boolean;

export interface Dialect {
  readonly broker: BrokerName;
  /** The broker hands back, at each topic check, a text that the connect answer gave it: `Allow.passport` is made. */
  readonly carriesPassport?: boolean;
  /** The broker is told at once what a client may do: `Allow.rights` is there. */
  readonly sendsAclAtConnect?: boolean;
  /** The broker can give every device a topic tree of its own, so that the operator may say that it does. */
  readonly canMountPerDevice?: boolean;
  /** The forms of certificates and certificate names that it reads from bodies; `headers`: those of headers too. */
  readonly certificateForms?: {
    readonly body: readonly string[];
    readonly headers: boolean;
    /** How the two texts of a certificate's name are made; without it, no name alone identifies anybody here. */
    readonly names?: NameSource;
  };
  /** What a client sees of a CONNECT that was not allowed, for explain; `null` where the answers decide no CONNECT. */
  readonly refusedConnect: RefusedConnect | null;
  /** `Authorization` is the client's own here, so it is not where the caller proves itself. */
  readonly authorizationIsClients?: boolean;
  /** Without it, the addresses of this broker's clients are not believed. */
  readonly trustsPeerAddress?: PeerAddressTrust;
  readonly endpoints: readonly Endpoint[];
}

/** The broker's request is not one of its dialect. The message names fields, never their values. */
export class RequestUnreadable extends Error {
  override readonly name = 'RequestUnreadable';
}
