import type { ProcessGroup } from '../process-group/group.ts';
import { type MetricFamily, together } from './family.ts';

/** What one process counted, and which process that is: a replaced worker has the number of the one before. */
export interface ProcessSnapshot {
  readonly process: string;
  readonly families: readonly MetricFamily[];
}

/** A worker that takes longer is caught in something; who scrapes waits no longer than ten seconds in most installations. */
const ANSWER_WITHIN_MS = 2_000;

/**
 * The metrics of the whole server, out of those of its workers. What counts up never falls: a worker that does not answer, or
 * was replaced, is in the sums with what it was last seen to have counted. What it counted after that is lost with it.
 */
export class ServerMetrics {
  readonly #last = new Map<number, ProcessSnapshot>();
  #ended: readonly MetricFamily[] = [];
  #gathering: Promise<readonly MetricFamily[]> | undefined;

  /** Those who ask at the same time get the same answer, since an older answer after a newer one would be a fall. */
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
