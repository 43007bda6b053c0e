export const OUTCOMES = ['created', 'updated', 'unchanged', 'left_out', 'refused'] as const;

/** What became of a record: `left_out` is for what means nothing here, `refused` for what somebody should look at. */
export type Outcome = (typeof OUTCOMES)[number];

/** What became of one record, or would in a dry run. Holds no secret. */
export interface LineReport {
  /** The line at which the record begins, or the number of the row where there are no lines. */
  readonly line: number;
  readonly outcome: Outcome;
  /** Name of the device. */
  readonly device?: string | undefined;
  /** Why it was refused, or what of it changes. */
  readonly detail?: string | undefined;
  readonly warnings: readonly string[];
}

export type Counts = Readonly<Record<Outcome, number>>;

/** Hears of every record, in an order that is nearly that of the file. */
export type Reporter = (report: LineReport) => void;

/** A reporter that counts, and passes on. */
export function counting(next: Reporter): { readonly counts: Counts; readonly report: Reporter } {
  const counts: Record<Outcome, number> = { created: 0, updated: 0, unchanged: 0, left_out: 0, refused: 0 };
  return {
    counts,
    report(line) {
      counts[line.outcome]++;
      next(line);
    },
  };
}

/** Whether people want to see it: everything in a dry run, otherwise what was not simply done. */
export function isWorthALine({ outcome, warnings }: LineReport, dryRun: boolean): boolean {
  return dryRun || (outcome !== 'created' && outcome !== 'unchanged') || warnings.length > 0;
}

export function refusal(line: number, detail: string, device?: string): LineReport {
  return { line, outcome: 'refused', device, detail, warnings: [] };
}
