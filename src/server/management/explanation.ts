import type { Config } from '../../config/config.ts';
import type { ChainProvisioning } from '../../engine/credentials/certificate/certificate-chain.ts';
import type { CertificateNames } from '../../engine/credentials/certificate/certificate-names.ts';
import type { ScramKeyStore } from '../../engine/credentials/scram-login.ts';
import type { DeciderSettings } from '../../engine/deciding/decider.ts';
import type { Decision, Step } from '../../model/decision.ts';
import type { DeviceEntry } from '../../model/device.ts';
import type { PeerCertificate } from '../../model/peer-certificate.ts';
import type {
  BrokerName,
  ConnectAttempt,
  ProtocolVersion,
  Question,
  TopicAction,
} from '../../model/question.ts';
import type { RuleSet } from '../../model/topic-rules.ts';
import type { Blocked } from '../throttle/failure-book.ts';
import type { TrustTables } from '../trust-in-force.ts';

/** What is explained: a broker-neutral question, or a request as the broker sent it. */
export type Asked = { readonly question: NeutralQuestion } | { readonly request: AskedRequest };

/** A decision with what it rests on. */
export interface Verdict {
  readonly outcome: Decision['outcome'];
  readonly reason?: string | undefined;
  readonly sentence?: string | undefined;
}

/** Why a decision is what it is. Credentials ids, which may be tokens, are named by short hashes. */
export interface Explanation extends Verdict {
  /** Absent where no broker's endpoint has the method and path of the request. */
  readonly broker?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly role?: string | undefined;
  readonly device?: { readonly id: string; readonly name: string; readonly profile: string } | undefined;
  /** What was read out of the request; absent where it was refused before, or could not be read. */
  readonly understood?: Understood | undefined;
  /** In order; where the client is blocked, those that would follow without the block come after it. */
  readonly steps: readonly Step[];
  /** Credentials ids that were looked up, in order. */
  readonly lookups: readonly { readonly id: string; readonly found?: string | undefined }[];
  /** Why the client is refused at this moment whatever it brings. */
  readonly blocked?: (Omit<Blocked, 'until' | 'lastFailure'> & { readonly until: string }) | undefined;
  /** What would be decided without the block. */
  readonly unblocked?: Verdict | undefined;
  readonly ignoredCertificates: readonly string[];
  /** What the client sees of this broker; for what is asked at CONNECT. */
  readonly connack?: string | undefined;
  /** What the broker is answered; without the body where that holds keys. */
  readonly answer?: { readonly status: number; readonly body?: string | undefined } | undefined;
  readonly suggestion?: string | undefined;
}

/** Explains a decision, as {@link explain} does. */
export type Explain = (asked: Asked) => Promise<Explanation>;

/** A request as a broker sent it. */
export interface AskedRequest {
  readonly method: string;
  /** With the query, as it stands in the request line. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without any transfer coding. */
  readonly body: Buffer;
  /** The address that the broker or proxy has for us; only a proxy's certificate headers are believed. */
  readonly peer?: string | undefined;
}

/** A question in nobody's spelling: a CONNECT, or with a topic what a connected client may do. */
export interface NeutralQuestion {
  readonly broker: BrokerName;
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The client's certificate and its chain, PEM. */
  readonly certificate?: string | undefined;
  /** What the TLS endpoint says of it; by default what its form can say at best. */
  readonly verification?: PeerCertificate['verification'] | undefined;
  readonly listener?: string | undefined;
  /** The client's, as the broker would give it. */
  readonly address?: string | undefined;
  readonly topic?: string | undefined;
  readonly action?: TopicAction | undefined;
}

/** What a dialect read out of a request. Nothing in it is secret, and every text is short. */
export interface Understood {
  readonly kind: Question['kind'];
  readonly clientId?: string | undefined;
  /** Named by a short hash, as in the log. */
  readonly username?: string | undefined;
  /** Whether one came. */
  readonly password?: boolean | undefined;
  readonly address?: string | undefined;
  /** Whether the broker is believed about it. */
  readonly addressBelieved?: boolean | undefined;
  readonly listener?: string | undefined;
  readonly protocolVersion?: ProtocolVersion | undefined;
  readonly certificate?:
    | { readonly kind: string; readonly form: string; readonly verification?: string | undefined }
    | undefined;
  readonly topics?: readonly { readonly action: TopicAction; readonly topic: string }[] | undefined;
}

/** The inputs of decisions besides credentials: those of a running server, or opened for one explanation. */
export interface InForce {
  readonly passportKey: Uint8Array;
  readonly rules: () => RuleSet;
  readonly lists: Pick<TrustTables, 'trust' | 'denyList'>;
  readonly chains: ChainProvisioning;
  readonly names: CertificateNames | undefined;
  readonly scramKeys: ScramKeyStore;
  /** By id or name. */
  readonly findDevice: (idOrName: string) => Promise<DeviceEntry | undefined>;
  /** Why the client is refused at this moment, if it is. */
  readonly blockOf?:
    | ((attempt: ConnectAttempt, settings: DeciderSettings) => Promise<Blocked | undefined>)
    | undefined;
}

export interface Explainer {
  readonly explain: Explain;
  close(): Promise<void>;
}

/** Opens what explains: an upper floor, which reads requests as brokers send them, is told of the server's state by it. */
export type OpenExplainer = (config: Config, inForce: InForce) => Explainer | Promise<Explainer>;
