import type { Decision, Step } from '../../model/decision.ts';
import type { Blocked } from '../../server/throttle/failure-book.ts';
import type { AskedRequest } from './asked-request.ts';
import type { NeutralQuestion } from './neutral-question.ts';
import type { Understood } from './understood.ts';

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
