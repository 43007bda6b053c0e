/** The reporter of one process of a run: what comes of each test, a line each, for `npm test` to read. */
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** Begins a line that is an event, between lines that tests print: the record separator of RFC 7464. */
export const RECORD = '\x1e';

export type Outcome = 'passed' | 'failed' | 'cancelled' | 'skipped' | 'todo';

/** What came of a test or a suite. */
export interface Result {
  readonly kind: 'result';
  /** Names of the suites around it, and its own. */
  readonly path: readonly string[];
  readonly suite: boolean;
  readonly outcome: Outcome;
  /** Why it was skipped, or what went wrong; of a test that failed by its subtests alone there is nothing. */
  readonly detail: string;
  readonly ms: number;
}

export interface Note {
  readonly kind: 'note';
  readonly text: string;
}

/** Lines that Node's runner adds when all is done. */
const COUNT = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

export default async function* events(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  for await (const { type, data } of source) {
    let event: Result | Note | undefined;
    if (type === 'test:start') {
      path.length = data.nesting;
      path.push(data.name);
    } else if (type === 'test:diagnostic') {
      if (!COUNT.test(data.message)) event = { kind: 'note', text: data.message };
    } else if (type === 'test:pass' || type === 'test:fail') {
      const error = type === 'test:fail' ? data.details.error : undefined;
      event = {
        kind: 'result',
        path: [...path.slice(0, data.nesting), data.name],
        suite: data.details.type === 'suite',
        outcome: outcomeOf(data, error),
        detail: detailOf(data, error),
        ms: data.details.duration_ms,
      };
    }
    if (event !== undefined) yield `${RECORD}${JSON.stringify(event)}\n`;
  }
}

interface Told {
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
}

interface Failure extends Error {
  readonly failureType?: string;
}

function outcomeOf({ skip, todo }: Told, error: Failure | undefined): Outcome {
  if (told(skip)) return 'skipped';
  if (told(todo)) return 'todo';
  if (error === undefined) return 'passed';
  return error.failureType === 'cancelledByParent' ? 'cancelled' : 'failed';
}

function detailOf({ skip, todo }: Told, error: Failure | undefined): string {
  if (told(skip)) return typeof skip === 'string' ? skip : '';
  if (told(todo)) return typeof todo === 'string' ? todo : '';
  if (error === undefined || error.failureType === 'subtestsFailed') return '';
  return inspect(error.cause instanceof Error ? error.cause : (error.cause ?? error.message));
}

const told = (directive: string | boolean | undefined): boolean =>
  directive !== undefined && directive !== false;
