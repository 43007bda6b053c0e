import type { Agent } from 'undici';
import { isThingPassError } from '../../../model/errors.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import type { InspectedCertificate } from '../x509/inspect.ts';
import type { OcspAnswer } from './ocsp-message.ts';
import type { Objection } from './policy.ts';
import type { RevocationVerdict, WhenUnknown } from './revocation-lists.ts';

export interface OcspOptions {
  /** Used instead of the responders that certificates name. */
  readonly url: string | undefined;
  /** How long a decision waits for an answer. */
  readonly timeoutMs: number;
  /** If there is no trustworthy answer, or the responder does not know the certificate. */
  readonly noAnswer: WhenUnknown;
  readonly now: () => number;
}

interface CachedStatus {
  readonly answer: OcspAnswer | undefined;
  /** Why there is no answer. */
  readonly detail: string;
  /** When to ask again, in epoch milliseconds. */
  readonly until: number;
}

const MINUTE = 60_000;
/** Answers are requested again after this time, even if they are valid longer. */
const MAX_CACHE_MS = 60 * MINUTE;
/** How long an answer without nextUpdate is used. */
const UNDATED_CACHE_MS = 5 * MINUTE;
/** After no answer about a certificate, it is not requested again for this time. */
const CERTIFICATE_RETRY_MS = 30_000;
/**
 * A responder that did not answer is not asked for this time, so that decisions do not wait for it one after the
 * other.
 */
const RESPONDER_RETRY_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** An entry takes some 300 bytes. */
const MAX_CACHED = 50_000;

/**
 * Asks OCSP responders, with one request per certificate for all decisions that wait. Decisions wait only for the
 * first answer; later answers are fetched while the previous one is still valid.
 */
export class OcspClient {
  readonly #options: OcspOptions;
  readonly #cache = new BoundedMap<string, CachedStatus>(MAX_CACHED);
  readonly #pending = new Map<string, Promise<CachedStatus>>();
  /** When a responder that did not answer may be asked again, by URL. */
  readonly #retryResponderAt = new Map<string, number>();
  #connections: Agent | undefined;
  #closed = false;

  constructor(options: OcspOptions) {
    this.#options = options;
  }

  /**
   * @param leaf a certificate with a valid path to a configured authority. The certificate names its responder, and
   *   a stranger's must not make ThingPass send requests.
   * @returns the objection, if any, and until when it counts.
   */
  async statusOf(leaf: InspectedCertificate, issuer: InspectedCertificate): Promise<RevocationVerdict> {
    const url = this.#options.url ?? leaf.ocspUris.find((uri) => /^https?:\/\//i.test(uri));
    const now = this.#options.now();
    if (url === undefined) {
      return {
        objection: this.#unknown('the certificate names no OCSP responder'),
        until: now + MAX_CACHE_MS,
      };
    }
    const key = `${issuer.sha256} ${leaf.serialNumber}`;
    const known = this.#cache.get(key);
    if (known !== undefined && now < known.until) return this.#verdict(known, now);
    const asked = this.#request(key, url, leaf, issuer);
    if (known?.answer !== undefined && now < (known.answer.nextUpdate ?? 0)) {
      // The cached answer is still valid; the next decision gets the new one.
      return this.#verdict({ ...known, until: now + CERTIFICATE_RETRY_MS }, now);
    }
    return this.#verdict(await asked, this.#options.now());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connections?.destroy();
  }

  #verdict({ answer, detail, until }: CachedStatus, now: number): RevocationVerdict {
    switch (answer?.status) {
      case 'good':
        return { objection: undefined, until };
      case 'revoked':
        return {
          objection: {
            rule: 'ocsp',
            reason: 'certificate_revoked',
            detail: 'the OCSP responder reports it as revoked',
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

  #request(
    key: string,
    url: string,
    leaf: InspectedCertificate,
    issuer: InspectedCertificate,
  ): Promise<CachedStatus> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const request = this.#fetch(url, leaf, issuer)
      .then((known) => {
        const before = this.#cache.get(key);
        const stillValid = (before?.answer?.nextUpdate ?? 0) > this.#options.now();
        // A failed request does not replace an answer that is still valid.
        const kept = known.answer === undefined && stillValid ? { ...before, until: known.until } : known;
        this.#cache.set(key, kept as CachedStatus);
        return kept as CachedStatus;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, request);
    return request;
  }

  async #fetch(url: string, leaf: InspectedCertificate, issuer: InspectedCertificate): Promise<CachedStatus> {
    const { now, timeoutMs } = this.#options;
    const retryAt = this.#retryResponderAt.get(url) ?? 0;
    if (now() < retryAt)
      return { answer: undefined, detail: 'the OCSP responder did not answer', until: retryAt };
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
        maxBytes: MAX_ANSWER_BYTES,
        method: 'POST',
        body: await ocspRequest(leaf, issuer),
        headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
      });
      if (bytes === undefined) throw new Error('304 to a POST');
      const answer = await readOcspAnswer(bytes, leaf, issuer, now());
      const holdsFor = answer.nextUpdate === undefined ? UNDATED_CACHE_MS : answer.nextUpdate - now();
      // At least the retry time: an answer that is about to end must not be requested for every decision.
      const until = now() + Math.min(Math.max(holdsFor, CERTIFICATE_RETRY_MS), MAX_CACHE_MS);
      return { answer, detail: '', until };
    } catch (error) {
      const isAnswer = isThingPassError(error, 'ocsp_answer_unusable');
      const until = now() + (isAnswer ? CERTIFICATE_RETRY_MS : RESPONDER_RETRY_MS);
      if (!isAnswer) this.#retryResponderAt.set(url, until);
      const isExpected = isThingPassError(error, 'ocsp_answer_unusable', 'call_failed');
      const detail = isExpected ? error.message : 'the request failed';
      return { answer: undefined, detail: `OCSP: ${detail}`, until };
    }
  }
}
