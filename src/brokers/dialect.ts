import type { IncomingHttpHeaders } from 'node:http';
import type { NameSource } from '../engine/certificates/certificate-name.ts';
import type { EnabledForm } from '../engine/certificates/header-certificates.ts';
import type { DeciderSettings, DecisionSettings } from '../engine/deciding/decider.ts';
import type { Decision } from '../model/decision.ts';
import type { BrokerName, PeerAddressTrust, Question } from '../model/question.ts';
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

/** How the operator has set a broker up in ThingPass: what decisions need, and what its dialect needs to read certificates. */
export interface BrokerSettings extends DecisionSettings {
  /** The `certificateForms` that come in headers; only dialects that are not brokers' own read headers. */
  readonly headerForms?: readonly EnabledForm[] | undefined;
  /** Whether an address is one of the proxies that may write certificate headers. */
  readonly isProxy?: ((address: string) => boolean) | undefined;
}

/** By what an endpoint reads and decides: how the broker is set up, and what its dialect can carry. */
export interface EndpointSettings extends BrokerSettings, DeciderSettings {}

/** One URL of a broker's dialect: a pure pair of functions, request → question and decision → reply. */
export interface Endpoint {
  /** What the broker asks here, for metrics and logs: `connect`, `topic`, `superuser`, … */
  readonly name: string;
  /** Below the server's root, such as `/emqx/authentication`. */
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'HEAD')[];
  /** @throws {ThingPassError} `request_unreadable` for anything that is not a request of this dialect. */
  readonly read: (request: WebhookRequest, settings: BrokerSettings) => Question;
  /**
   * The reply that makes this broker do what was decided. `question` is absent when the request could not be read, or
   * was refused before it was.
   */
  readonly answer: (decision: Decision, question: Question | undefined) => WebhookReply;
}

export interface Dialect {
  readonly broker: BrokerName;
  /** The broker hands back, at each topic check, a text that the connect answer gave it: `Allow.passport` is made. */
  readonly carriesPassport?: boolean;
  /** The broker is told at once what a client may do: `Allow.rights` is there. */
  readonly sendsAclAtConnect?: boolean;
  /** The broker can give each device its own topic tree, so the operator may declare that it does. */
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
