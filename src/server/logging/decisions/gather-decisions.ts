import type { ProcessGroup } from '../../process-group/group.ts';
import type { DecisionFilter, RecentDecision, RecentDecisions } from './recent-decisions.ts';

/** A decision and where it was made. */
export interface GatheredDecision extends RecentDecision {
  /** The number of the worker; 1 in a server of one process. */
  readonly worker: number;
}

/** The order of decisions of all workers: by time, then by worker, then by sequence. */
export type DecisionPlace = Pick<GatheredDecision, 'time' | 'worker' | 'sequence'>;

interface GatherRequest {
  readonly filter: DecisionFilter;
  readonly limit: number;
  readonly before: DecisionPlace | undefined;
}

interface GatheredDecisions {
  /** The latest first. */
  readonly decisions: readonly GatheredDecision[];
  /** Numbers of the workers that did not answer; their decisions are missing. */
  readonly silent: readonly number[];
}

/** Reads the last decisions of the whole server. */
export type DecisionReader = (
  filter: DecisionFilter,
  limit: number,
  before?: DecisionPlace,
) => Promise<GatheredDecisions>;

/** How long a worker may take to answer. */
const ANSWER_WITHIN_MS = 5_000;

/** Registers the handler for other processes, and returns the reader that asks all of them. */
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

/** A place in the order of one worker. Within the same millisecond, all its decisions come before, none, or those up to `sequence`. */
function ofWorker({ time, worker, sequence }: DecisionPlace, own: number) {
  if (own === worker) return { time, sequence };
  return { time, sequence: own < worker ? Number.POSITIVE_INFINITY : 0 };
}

function latestFirst(one: DecisionPlace, other: DecisionPlace): number {
  return other.time - one.time || other.worker - one.worker || other.sequence - one.sequence;
}
