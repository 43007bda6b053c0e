import { readFile } from 'node:fs/promises';
import type { Agent } from 'undici';
import { formatName } from '../x509/name.ts';
import {
  MOST_LIST_BYTES,
  type RevocationList,
  RevocationListUnusable,
  readRevocationLists,
  scopeKey,
} from './revocation-list.ts';
import { RevocationLists } from './revocation-lists.ts';
import type { TrustLog } from './trust-log.ts';
import { watchFiles } from './watched-files.ts';

export interface SourcesOptions {
  readonly files: readonly string[];
  readonly urls: readonly string[];
  readonly timeoutMs: number;
  readonly log: TrustLog;
  readonly now: () => number;
  /** Called when other lists are in force. */
  readonly changed: () => void;
  /** How often files are looked at. */
  readonly lookEveryMs?: number | undefined;
  /** A list that has been fetched is not fetched again sooner. */
  readonly refetchMs?: number | undefined;
}

const MINUTE = 60_000;
/** A list is fetched again after half of what is left of its time, within these bounds. */
const SOONEST_MS = MINUTE;
const LATEST_MS = 60 * MINUTE;
/** After a failure; doubled each time up to {@link LATEST_MS}. */
const FIRST_PAUSE_MS = 15_000;

/** Keeps the lists of files and URLs up to date, until it is closed. What cannot be used is logged, and what was there stays. */
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
    this.#watch = watchFiles(options.files, reload, options.lookEveryMs);
  }

  /**
   * Reads the files and fetches from the URLs.
   * @param patienceMs what takes longer to fetch comes later; `undefined`: everything is waited for.
   * @throws nothing: a list that is not there is a matter of the rules.
   */
  static async open(options: SourcesOptions, patienceMs: number | undefined): Promise<RevocationSources> {
    const sources = new RevocationSources(options);
    await Promise.all(options.files.map((file) => sources.#readFile(file)));
    const fetched = Promise.all(options.urls.map((url) => sources.#fetch(url, FIRST_PAUSE_MS)));
    await (patienceMs === undefined ? fetched : within(fetched, patienceMs));
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
      this.#take(file, await readRevocationLists(await readFile(file)));
    } catch (error) {
      this.#refuse(file, error);
    }
  }

  /** @param pauseMs before it is tried again where this fails. */
  async #fetch(url: string, pauseMs: number): Promise<void> {
    const { log, timeoutMs, now, refetchMs } = this.#options;
    let next = pauseMs;
    let pause = Math.min(pauseMs * 2, LATEST_MS);
    try {
      const { download, openConnections } = await import('./download.ts');
      if (this.#closed) return;
      this.#connections ??= openConnections();
      const etag = this.#etags.get(url);
      const { bytes, etag: newTag } = await download(url, {
        connections: this.#connections,
        timeoutMs,
        mostBytes: MOST_LIST_BYTES,
        headers: etag === undefined ? {} : { 'if-none-match': etag },
      });
      if (bytes !== undefined) {
        const lists = await readRevocationLists(bytes);
        if (this.#closed) return;
        if (isOlder(lists, this.#lists.get(url) ?? []))
          log.refusedList(shown(url), 'older than the one before');
        else this.#take(url, lists);
        if (newTag === undefined) this.#etags.delete(url);
        else this.#etags.set(url, newTag);
      }
      next = untilRefresh(this.#lists.get(url) ?? [], now(), refetchMs ?? SOONEST_MS);
      pause = FIRST_PAUSE_MS;
    } catch (error) {
      if (this.#closed) return;
      this.#refuse(url, error);
    }
    this.#timers.set(url, setTimeout(() => void this.#fetch(url, pause), next).unref());
  }

  #take(source: string, lists: readonly RevocationList[]): void {
    if (this.#closed) return;
    this.#lists.set(source, lists);
    const all = [...this.#lists].flatMap(([from, some]) =>
      some.map((list) => ({ source: shown(from), list })),
    );
    this.#current = new RevocationLists(all);
    const { log, changed } = this.#options;
    for (const { issuer, revoked, nextUpdate } of lists)
      log.tookList(shown(source), formatName(issuer), revoked.size, nextUpdate);
    changed();
  }

  #refuse(source: string, error: unknown): void {
    const { name, message, code } = error as NodeJS.ErrnoException;
    const isOurs = error instanceof RevocationListUnusable || name === 'DownloadFailed';
    this.#options.log.refusedList(shown(source), isOurs ? message : `it cannot be read (${code ?? name})`);
  }
}

/** For logs and metrics: a query may hold a key. */
function shown(source: string): string {
  return /^https?:/i.test(source) ? source.replace(/[?#].*$/s, '') : source;
}

/** Whoever stands between could bring back the list of a time when a device was not revoked yet. */
function isOlder(lists: readonly RevocationList[], before: readonly RevocationList[]): boolean {
  return lists.some((list) =>
    before.some((one) => scopeKey(one) === scopeKey(list) && one.thisUpdate > list.thisUpdate),
  );
}

function untilRefresh(lists: readonly RevocationList[], now: number, soonestMs: number): number {
  const ends = lists.map(({ nextUpdate }) => nextUpdate ?? Number.POSITIVE_INFINITY);
  const half = (Math.min(...ends) - now) / 2;
  // At random, so that replicas which started together do not ask together.
  return Math.min(Math.max(half, soonestMs), LATEST_MS) * (0.9 + 0.1 * Math.random());
}

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
