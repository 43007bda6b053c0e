import type { ProcessGroup } from '../process-group/group.ts';
import { type MetricFamily, together } from './family.ts';

/** The counts of one process. The process is named as well, since a replacement has the number of its predecessor. */
export interface ProcessSnapshot {
  readonly process: string;
  readonly families: readonly MetricFamily[];
}

/** A worker that takes longer is stuck. Scrapers mostly wait ten seconds at most. */
const ANSWER_WITHIN_MS = 2_000;

/**
 * The metrics of the whole server, summed over its workers. A counter never falls: a worker that does not answer, or was replaced,
 * stays in the sums with its last known counts. Later counts of a dead worker are lost.
 */
export class ServerMetrics {
  readonly #last = new Map<number, ProcessSnapshot>();
  #ended: readonly MetricFamily[] = [];
  #gathering: Promise<readonly MetricFamily[]> | undefined;

  /** Concurrent callers share one answer: an older answer after a newer one would let a counter fall. */
  gather(processes: ProcessGroup): Promise<readonly MetricFamily[]> {
    this.#gathering ??= this.#ask(processes).finally(() => {
      this.#gathering = undefined;
    });
    return this.#gathering;
  }

  async #ask(processes: ProcessGroup): Promise<readonly MetricFamily[]> {
    const { answers, silent } = await processes.gather<ProcessSnapshot>(
      'metrics',
      undefined,
      ANSWER_WITHIN_MS,
    );
    for (const { worker, answer } of answers) {
      const last = this.#last.get(worker);
      if (last !== undefined && last.process !== answer.process) {
        this.#ended = together([this.#ended, countsOf(last)]);
      }
      this.#last.set(worker, answer);
    }
    const missing = silent.flatMap((worker) => {
      const last = this.#last.get(worker);
      return last === undefined ? [] : [countsOf(last)];
    });
    return together([...answers.map(({ answer }) => answer.families), ...missing, this.#ended]);
  }
}

function countsOf({ families }: ProcessSnapshot): readonly MetricFamily[] {
  return families.filter(({ type }) => type !== 'gauge');
}
