import { readFile } from 'node:fs/promises';
import type { Agent } from 'undici';
import { isThingPassError } from '../../../model/errors.ts';
import { waitAtMost } from '../../../util/wait-at-most.ts';
import { formatName } from '../x509/name.ts';
import { MAX_LIST_BYTES, type RevocationList, readRevocationLists, scopeKey } from './revocation-list.ts';
import { RevocationLists } from './revocation-lists.ts';
import type { TrustLog } from './trust-log.ts';
import { watchFiles } from './watched-files.ts';

export interface SourcesOptions {
  readonly files: readonly string[];
  readonly urls: readonly string[];
  readonly timeoutMs: number;
  readonly log: TrustLog;
  readonly now: () => number;
  /** Called when the set of lists changed. */
  readonly onChange: () => void;
  /** How often files are checked for changes. */
  readonly pollIntervalMs?: number | undefined;
  /** The minimum time between two downloads of a list. */
  readonly refetchMs?: number | undefined;
}

const MINUTE = 60_000;
/** A list is downloaded again after half of its remaining time, within these bounds. */
const MIN_REFRESH_MS = MINUTE;
const MAX_REFRESH_MS = 60 * MINUTE;
/** After a failure; doubled with each further failure, up to {@link MAX_REFRESH_MS}. */
const FIRST_RETRY_MS = 15_000;

/**
 * Keeps lists of files and URLs up to date until it is closed. An unusable list is logged, and the previous one
 * stays in force.
 */
export class RevocationSources {
  readonly #options: SourcesOptions;
  readonly #lists = new Map<string, readonly RevocationList[]>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #etags = new Map<string, string>();
  readonly #watch: { close(): void };
  #current = new RevocationLists([]);
  #connections: Agent | undefined;
  #closed = false;

  private constructor(options: SourcesOptions) {
    this.#options = options;
    const reload = (file: string): void => void this.#readFile(file);
    this.#watch = watchFiles(options.files, reload, options.pollIntervalMs);
  }

  /**
   * Reads the files and downloads the URLs. Never throws: a missing list is handled by the rules.
   * @param maxWaitMs downloads that take longer arrive later; `undefined` waits for all.
   */
  static async open(options: SourcesOptions, maxWaitMs: number | undefined): Promise<RevocationSources> {
    const sources = new RevocationSources(options);
    await Promise.all(options.files.map((file) => sources.#readFile(file)));
    const fetched = Promise.all(options.urls.map((url) => sources.#fetch(url, FIRST_RETRY_MS)));
    await (maxWaitMs === undefined ? fetched : waitAtMost(fetched, maxWaitMs, () => undefined));
    return sources;
  }

  get current(): RevocationLists {
    return this.#current;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await this.#connections?.destroy();
  }

  async #readFile(file: string): Promise<void> {
    try {
      this.#accept(file, await readRevocationLists(await readFile(file)));
    } catch (error) {
      this.#reject(file, error);
    }
  }

  /** @param pauseMs the pause before the next attempt if this one fails. */
  async #fetch(url: string, pauseMs: number): Promise<void> {
    const { log, timeoutMs, now, refetchMs } = this.#options;
    let next = pauseMs;
    let pause = Math.min(pauseMs * 2, MAX_REFRESH_MS);
    try {
      const { download, openConnections } = await import('./download.ts');
      if (this.#closed) return;
      this.#connections ??= openConnections();
      const etag = this.#etags.get(url);
      const { bytes, etag: newTag } = await download(url, {
        connections: this.#connections,
        timeoutMs,
        maxBytes: MAX_LIST_BYTES,
        headers: etag === undefined ? {} : { 'if-none-match': etag },
      });
      if (bytes !== undefined) {
        const lists = await readRevocationLists(bytes);
        if (this.#closed) return;
        if (isOlder(lists, this.#lists.get(url) ?? []))
          log.rejectedList(withoutQuery(url), 'older than the previous one');
        else this.#accept(url, lists);
        if (newTag === undefined) this.#etags.delete(url);
        else this.#etags.set(url, newTag);
      }
      next = untilRefresh(this.#lists.get(url) ?? [], now(), refetchMs ?? MIN_REFRESH_MS);
      pause = FIRST_RETRY_MS;
    } catch (error) {
      if (this.#closed) return;
      this.#reject(url, error);
    }
    this.#timers.set(url, setTimeout(() => void this.#fetch(url, pause), next).unref());
  }

  #accept(source: string, lists: readonly RevocationList[]): void {
    if (this.#closed) return;
    this.#lists.set(source, lists);
    const all = [...this.#lists].flatMap(([from, some]) =>
      some.map((list) => ({ source: withoutQuery(from), list })),
    );
    this.#current = new RevocationLists(all);
    const { log, onChange } = this.#options;
    for (const { issuer, revoked, nextUpdate } of lists)
      log.acceptedList(withoutQuery(source), formatName(issuer), revoked.size, nextUpdate);
    onChange();
  }

  #reject(source: string, error: unknown): void {
    const { name, message, code } = error as NodeJS.ErrnoException;
    const isExpected = isThingPassError(error, 'revocation_list_unusable', 'call_failed');
    this.#options.log.rejectedList(
      withoutQuery(source),
      isExpected ? message : `it cannot be read (${code ?? name})`,
    );
  }
}

/** Removes the query for logs and metrics, because it may contain a key. */
function withoutQuery(source: string): string {
  return /^https?:/i.test(source) ? source.replace(/[?#].*$/s, '') : source;
}

/** Refuses older lists: an attacker on the network could replay one from before a device was revoked. */
function isOlder(lists: readonly RevocationList[], before: readonly RevocationList[]): boolean {
  return lists.some((list) =>
    before.some((one) => scopeKey(one) === scopeKey(list) && one.thisUpdate > list.thisUpdate),
  );
}

function untilRefresh(lists: readonly RevocationList[], now: number, minMs: number): number {
  const ends = lists.map(({ nextUpdate }) => nextUpdate ?? Number.POSITIVE_INFINITY);
  const half = (Math.min(...ends) - now) / 2;
  // Random, so that replicas that started together do not download together.
  return Math.min(Math.max(half, minMs), MAX_REFRESH_MS) * (0.9 + 0.1 * Math.random());
}
