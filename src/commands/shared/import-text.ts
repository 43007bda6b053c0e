import type { Counts, LineReport, Outcome } from '../../fleet/devices/import/import-report.ts';
import { printable } from '../../util/table.ts';

const IN_A_DRY_RUN: Readonly<Record<Outcome, string>> = {
  created: 'would be created',
  updated: 'would be updated',
  unchanged: 'is there already',
  left_out: 'would be left out',
  refused: 'refused',
};

/** One record's outcome as text: `line 3: meter-2 would be updated (label); …`. */
export function lineText(report: LineReport, place: 'line' | 'device', dryRun = false): string {
  const { line, outcome, device, detail, warnings } = report;
  const word = dryRun ? IN_A_DRY_RUN[outcome] : outcome.replace('_', ' ');
  const subject = device === undefined ? '' : `${device} `;
  const why = [detail, ...warnings].filter((part) => part !== undefined).join('; ');
  return printable(`${place} ${line}: ${subject}${word}${why === '' ? '' : `: ${why}`}`);
}

export interface ImportSummary extends Counts {
  readonly dryRun: boolean;
  readonly seconds: number;
  readonly peakMemoryMiB: number;
}

export function summaryText(summary: ImportSummary): string {
  const { created, updated, unchanged, left_out, refused, dryRun, seconds, peakMemoryMiB } = summary;
  const parts = [`${created} created`, `${updated} updated`, `${unchanged} unchanged`];
  if (left_out > 0) parts.push(`${left_out} left out`);
  parts.push(`${refused} refused`);
  const total = created + updated + unchanged + left_out + refused;
  const rate = total >= 1_000 ? `, ${Math.round(total / seconds)} a second` : '';
  return [
    `${dryRun ? 'dry run, nothing was written: ' : ''}${parts.join(', ')}`,
    `${seconds} s${rate}, at most ${peakMemoryMiB} MiB of memory`,
  ].join('\n');
}
