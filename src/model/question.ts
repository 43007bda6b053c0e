import type { Allow, Decision, Deny } from './decision.ts';
import type { PresentedCertificate } from './peer-certificate.ts';
import type { ScramAlgorithm } from './scram-keys.ts';

/**
 * The brokers that ThingPass knows by name. A new one is a line here; `npm run registries` then enters it where each broker has a
 * part, and the compiler names the files that are missing (CONTRIBUTING, "Add a broker").
 */
export const BROKER_PRODUCTS = [
  'emqx',
  'emqx4',
  'nanomq',
  'mosquitto',
  'rabbitmq',
  'vernemq',
  'tbmq',
  'rmqtt',
] as const;

export type BrokerProduct = (typeof BROKER_PRODUCTS)[number];

/** The broker dialects ThingPass speaks: those of products, and its own for callers that are no product of their kind. */
export const BROKER_NAMES = [...BROKER_PRODUCTS, 'generic', 'forward_auth'] as const;

export type BrokerName = (typeof BROKER_NAMES)[number];

/** MQTT protocol level: 3 = MQTT 3.1, 4 = MQTT 3.1.1, 5 = MQTT 5. */
export type ProtocolVersion = 3 | 4 | 5;

/**
 * What a broker tells of a client's CONNECT, free of the broker's own spelling.
 *
 * `username` and `password` are `undefined` when the CONNECT did not carry them *as far as the broker tells*: several
 * brokers send an empty string for "absent", and their dialects say so. Credential resolution treats both alike; only
 * the CONNACK code differs (`engine/credentials/thingsboard.md` section 5).
 */
export interface ConnectAttempt {
  readonly broker: BrokerName;
  /** Empty when the client sent none and the broker assigned none. */
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly certificate: PresentedCertificate;
  /** What else stood in the request in the place of a certificate and was not read, for explain and the log. */
  readonly ignoredCertificates?: readonly string[] | undefined;
  /** The client's address as the broker saw it; clients can choose it on some brokers, so it identifies nobody. */
  readonly peerAddress?: string | undefined;
  /** The broker's name or port of the listener, as configured there. */
  readonly listener?: string | undefined;
  readonly protocolVersion?: ProtocolVersion | undefined;
}

/**
 * A client that is about to prove a password without sending it (RFC 5802): the broker asks for the keys with which it can
 * check the proof. What it will then find is not told to us.
 */
export interface ScramAttempt extends ConnectAttempt {
  /** The user name of the SCRAM exchange, which is what the proof is about. */
  readonly username: string;
  readonly algorithm: ScramAlgorithm;
  /** The broker's own count, which it tells the client: keys made with another are of no use. */
  readonly iterations: number;
}

/** `receive` is a delivery to a subscriber, asked per message by mosquitto-go-auth (acc 1). */
export type TopicAction = 'publish' | 'subscribe' | 'receive';

/**
 * Which client a broker asks about after its CONNECT. It carries no proof of who the client is unless `password` or
 * `passport` do.
 */
export interface ClientClaim {
  readonly broker: BrokerName;
  readonly clientId: string;
  readonly username?: string | undefined;
  /** Set only where the broker sends the CONNECT password again (NanoMQ's `%P`); then it is checked again. */
  readonly password?: string | undefined;
  readonly certificate: PresentedCertificate;
  /**
   * The broker shows, by what only our answer to its CONNECT can have given it, that this client id and user name were
   * checked with a password or token: it did not come by certificate.
   */
  readonly provedItsNames?: boolean | undefined;
  /** The sealed text that the connect answer handed to the broker (EMQX `client_attrs`), when it came back. */
  readonly passport?: string | undefined;
  readonly peerAddress?: string | undefined;
  readonly listener?: string | undefined;
}

/** A broker's question about one client, one action and one topic (publish, receive) or topic filter (subscribe). */
export interface TopicAccess extends ClientClaim {
  readonly action: TopicAction;
  /** Topic name or filter, with any `$share/group/` still in front and without the broker's mount point. */
  readonly topic: string;
  readonly qos?: 0 | 1 | 2 | undefined;
  readonly retain?: boolean | undefined;
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

/** Whether the address that a broker gives for a client is what the broker saw, and nothing that the client could choose. */
export type PeerAddressTrust = (attempt: ConnectAttempt) => boolean;
