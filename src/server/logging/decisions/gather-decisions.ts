import type { ProcessGroup } from '../../process-group/group.ts';
import type { DecisionFilter, RecentDecision, RecentDecisions } from './recent-decisions.ts';

/** A decision and where it was made. */
export interface GatheredDecision extends RecentDecision {
  /** The number of the worker; 1 in a server of one process. */
  readonly worker: number;
}

/** Where a decision stands among those of all workers: by time, then by worker, then in the order in which it decided. */
export type DecisionPlace = Pick<GatheredDecision, 'time' | 'worker' | 'sequence'>;

interface GatherRequest {
  readonly filter: DecisionFilter;
  readonly limit: number;
  readonly before: DecisionPlace | undefined;
}

export interface GatheredDecisions {
  /** The latest first. */
  readonly decisions: readonly GatheredDecision[];
  /** Workers that did not answer; their decisions are missing. */
  readonly silent: readonly number[];
}

/** The last decisions of a whole server. */
export type DecisionReader = (
  filter: DecisionFilter,
  limit: number,
  before?: DecisionPlace,
) => Promise<GatheredDecisions>;

/** So long a worker has to put its decisions into words, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;

/** Answers the other processes, and asks them. */
export function gatherDecisions(processes: ProcessGroup, recent: RecentDecisions): DecisionReader {
  const own = processes.worker ?? 1;
  processes.handle('decisions', ({ filter, limit, before }: GatherRequest) =>
    recent.list(filter, limit, before && ofWorker(before, own)),
  );
  return async (filter, limit, before) => {
    const request: GatherRequest = { filter, limit, before };
    const { answers, silent } = await processes.gather<RecentDecision[]>(
      'decisions',
      request,
      ANSWER_WITHIN_MS,
    );
    const decisions = answers
      .flatMap(({ worker, answer }) => answer.map((decision) => ({ ...decision, worker })))
      .sort(latestFirst)
      .slice(0, limit);
    return { decisions, silent };
  };
}

/** The same place, seen by one worker: of the same millisecond, all is before it, or nothing, or what the sequence says. */
function ofWorker({ time, worker, sequence }: DecisionPlace, own: number) {
  if (own === worker) return { time, sequence };
  return { time, sequence: own < worker ? Number.POSITIVE_INFINITY : 0 };
}

function latestFirst(one: DecisionPlace, other: DecisionPlace): number {
  return other.time - one.time || other.worker - one.worker || other.sequence - one.sequence;
}
