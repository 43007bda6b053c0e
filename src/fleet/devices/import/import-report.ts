export const OUTCOMES = ['created', 'updated', 'unchanged', 'left_out', 'refused'] as const;

/** The outcome of a record. `left_out`: it has no meaning in ThingPass. `refused`: somebody should look at it. */
export type Outcome = (typeof OUTCOMES)[number];

/** The outcome of one record, or the expected one in a dry run. Contains no secret. */
export interface LineReport {
  /** The line in which the record begins, or the row's number if there are no lines. */
  readonly line: number;
  readonly outcome: Outcome;
  /** Name of the device. */
  readonly device?: string | undefined;
  /** Why it was refused, or what it changes. */
  readonly detail?: string | undefined;
  readonly warnings: readonly string[];
}

export type Counts = Readonly<Record<Outcome, number>>;

/** Receives every record's report, approximately in the file's order. */
export type Reporter = (report: LineReport) => void;

/** Makes a reporter that counts outcomes and passes reports on. */
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

/** Whether a report is shown: in a dry run always, otherwise if it is not routine. */
export function isNoteworthy({ outcome, warnings }: LineReport, dryRun: boolean): boolean {
  return dryRun || (outcome !== 'created' && outcome !== 'unchanged') || warnings.length > 0;
}

export function refusal(line: number, detail: string, device?: string): LineReport {
  return { line, outcome: 'refused', device, detail, warnings: [] };
}
