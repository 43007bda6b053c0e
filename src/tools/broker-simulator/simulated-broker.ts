/** What a client sends. */
export interface SimulatedClient {
  readonly clientId: string;
  readonly username: string;
  /** Absent for those that send a user name alone, such as an access token. */
  readonly password: string | undefined;
  /** PEM of the certificate behind its TLS connection, for brokers that hand certificates on. */
  readonly certificate?: string | undefined;
}

export interface WantedTopic {
  readonly action: 'publish' | 'subscribe';
  readonly topic: string;
}

/** A request that a broker makes; always a POST, as its generated configuration has it. */
export interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a broker makes of an answer. */
export interface Verdict {
  readonly allows: boolean;
  /** In the broker's or the client's words. */
  readonly concludes: string;
}

/** One thing that a broker has to know. */
export type Step = {
  readonly question: string;
  /** What should come of it for a client that is as it should be; `true` when left out. */
  readonly wanted?: boolean;
} & (
  | { readonly asked: Asked; readonly read: (answer: Answer) => Verdict }
  /** The broker decides it by itself, by what it was told before or without asking at all. */
  | { readonly verdict: Verdict; readonly mend: string }
);

/**
 * What a broker asks for a client that connects, and then for its topic, in order. It is given the answer to each request. The
 * doctor does not continue it behind a refusal; tests do, so a refusal must not make it throw.
 */
export type Session = Generator<Step, void, Answer>;

export type SimulatedBroker = (
  client: SimulatedClient,
  request: WantedTopic | undefined,
  secret: string,
) => Session;

export const CONNECTS = 'the client connects';

/** What to do about a topic that the broker refuses by rules that it was told with the connect. */
export const RULES_DECIDE = 'thingpass explain --topic says which rule decides';

/** What to do where a broker wants a password of everybody. */
export const ANY_PASSWORD = 'let devices with access tokens send any password: ThingPass does not look at it';

export function describeWanted({ action, topic }: WantedTopic): string {
  return `it may ${action} ${topic}`;
}

/** For brokers that can send extra headers. */
export function jsonWithHeader(path: string, secret: string, body: object): Asked {
  return {
    path,
    headers: { 'content-type': 'application/json', 'x-thingpass-secret': secret },
    body: JSON.stringify(body),
  };
}

/** Where the secret stands in the URL. */
export function withBasic(
  path: string,
  secret: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Asked {
  const authorization = `Basic ${Buffer.from(`thingpass:${secret}`).toString('base64')}`;
  return { path, headers: { ...headers, authorization }, body };
}

export const FORM = 'application/x-www-form-urlencoded';

export function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}
