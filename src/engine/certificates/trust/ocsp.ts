import type { Agent } from 'undici';
import type { InspectedCertificate } from '../x509/inspect.ts';
import type { OcspAnswer } from './ocsp-message.ts';
import type { Objection } from './policy.ts';
import type { RevocationVerdict, WhenUnknown } from './revocation-lists.ts';

export interface OcspOptions {
  /** Asked instead of the responders that certificates name. */
  readonly url: string | undefined;
  /** How long a decision waits. */
  readonly timeoutMs: number;
  /** Where no answer comes that can be believed, or the responder does not know the certificate. */
  readonly noAnswer: WhenUnknown;
  readonly now: () => number;
}

interface Known {
  readonly answer: OcspAnswer | undefined;
  /** Why there is no answer. */
  readonly detail: string;
  /** Epoch milliseconds at which it is asked again. */
  readonly until: number;
}

const MINUTE = 60_000;
/** However long an answer holds, it is asked again after this. */
const LONGEST_MS = 60 * MINUTE;
/** An answer without nextUpdate. */
const UNDATED_MS = 5 * MINUTE;
/** A certificate about which no answer came is not asked about for so long. */
const RETRY_MS = 30_000;
/** A responder that gave no answer is left alone for so long: decisions must not wait for it one after the other. */
const SILENT_MS = 5_000;
const MOST_ANSWER_BYTES = 64 * 1024;
/** Some 300 bytes each. */
const KEPT = 50_000;

/**
 * Asks OCSP responders, one request per certificate however many decisions wait for it. Decisions wait for the first answer
 * only: later ones are fetched while the one before still holds.
 */
export class OcspClient {
  readonly #options: OcspOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Known>>();
  /** Until when a responder is not asked, because it gave no answer. */
  readonly #silent = new Map<string, number>();
  #connections: Agent | undefined;
  #closed = false;

  constructor(options: OcspOptions) {
    this.#options = options;
  }

  /**
   * @param leaf whose path to a configured authority holds: a responder is named by the certificate itself, and a stranger's must
   *   not send requests anywhere.
   */
  async statusOf(leaf: InspectedCertificate, issuer: InspectedCertificate): Promise<RevocationVerdict> {
    const url = this.#options.url ?? leaf.ocspUris.find((uri) => /^https?:\/\//i.test(uri));
    const now = this.#options.now();
    if (url === undefined) {
      return { objection: this.#unknown('the certificate names no OCSP responder'), until: now + LONGEST_MS };
    }
    const key = `${issuer.sha256} ${leaf.serialNumber}`;
    const known = this.#known.get(key);
    if (known !== undefined && now < known.until) return this.#verdict(known, now);
    const asked = this.#ask(key, url, leaf, issuer);
    if (known?.answer !== undefined && now < (known.answer.nextUpdate ?? 0)) {
      // It still holds; whoever asks next gets what comes now.
      return this.#verdict({ ...known, until: now + RETRY_MS }, now);
    }
    return this.#verdict(await asked, this.#options.now());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connections?.destroy();
  }

  #verdict({ answer, detail, until }: Known, now: number): RevocationVerdict {
    switch (answer?.status) {
      case 'good':
        return { objection: undefined, until };
      case 'revoked':
        return {
          objection: {
            rule: 'ocsp',
            reason: 'certificate_revoked',
            detail: 'the OCSP responder says revoked',
          },
          until,
        };
      case 'unknown':
        return { objection: this.#unknown('the OCSP responder does not know the certificate'), until };
      default:
        return { objection: this.#unknown(detail), until: Math.max(until, now) };
    }
  }

  #unknown(detail: string): Objection {
    const tolerated = this.#options.noAnswer === 'admit';
    return { rule: 'ocsp', reason: 'certificate_status_unknown', detail, tolerated };
  }

  #ask(key: string, url: string, leaf: InspectedCertificate, issuer: InspectedCertificate): Promise<Known> {
    const underWay = this.#asking.get(key);
    if (underWay !== undefined) return underWay;
    const asking = this.#fetch(url, leaf, issuer)
      .then((known) => {
        const before = this.#known.get(key);
        const holds = (before?.answer?.nextUpdate ?? 0) > this.#options.now();
        // No answer takes nothing away from one that still holds.
        const kept = known.answer === undefined && holds ? { ...before, until: known.until } : known;
        this.#keep(key, kept as Known);
        return kept as Known;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  #keep(key: string, known: Known): void {
    this.#known.delete(key);
    const [oldest] = this.#known.size < KEPT ? [] : this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, known);
  }

  async #fetch(url: string, leaf: InspectedCertificate, issuer: InspectedCertificate): Promise<Known> {
    const { now, timeoutMs } = this.#options;
    const silentUntil = this.#silent.get(url) ?? 0;
    if (now() < silentUntil)
      return { answer: undefined, detail: 'the OCSP responder gave no answer', until: silentUntil };
    try {
      const [{ download, openConnections }, { ocspRequest, readOcspAnswer }] = await Promise.all([
        import('./download.ts'),
        import('./ocsp-message.ts'),
      ]);
      if (this.#closed) throw new Error('closed');
      this.#connections ??= openConnections();
      const { bytes } = await download(url, {
        connections: this.#connections,
        timeoutMs,
        mostBytes: MOST_ANSWER_BYTES,
        method: 'POST',
        body: await ocspRequest(leaf, issuer),
        headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
      });
      if (bytes === undefined) throw new Error('304 to a POST');
      const answer = await readOcspAnswer(bytes, leaf, issuer, now());
      const holdsFor = answer.nextUpdate === undefined ? UNDATED_MS : answer.nextUpdate - now();
      // At least a while: one that is just ending must not be asked for at every decision.
      const until = now() + Math.min(Math.max(holdsFor, RETRY_MS), LONGEST_MS);
      return { answer, detail: '', until };
    } catch (error) {
      const { name, message } = error as Error;
      const isAnswer = name === 'OcspAnswerUnusable';
      const until = now() + (isAnswer ? RETRY_MS : SILENT_MS);
      if (!isAnswer) this.#silent.set(url, until);
      const detail = ['DownloadFailed', 'OcspAnswerUnusable'].includes(name)
        ? message
        : 'it could not be asked';
      return { answer: undefined, detail: `OCSP: ${detail}`, until };
    }
  }
}
