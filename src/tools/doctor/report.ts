import type { Checked, Finding } from './finding.ts';

/** Whether anything does not work or is open; advice alone is no reason to stop a deployment. */
export function hasProblems(findings: readonly Pick<Finding, 'level'>[]): boolean {
  return findings.some(({ level }) => level === 'problem');
}

/** What was found, check by check, for people. */
export function readableChecks(checks: readonly Checked[]): string {
  const lines = checks.flatMap(({ check, looked, findings }) =>
    findings.length === 0
      ? [`ok       ${check}: ${looked}`]
      : findings.map((finding) => `${readableFinding(finding, check)}`),
  );
  return [...lines, '', summary(checks.flatMap(({ findings }) => findings))].join('\n');
}

/** One finding and, below it, what to do. */
export function readableFinding({ level, detail, mend }: Finding, where: string): string {
  return `${level.padEnd(7)}  ${where}: ${detail}\n         → ${mend}`;
}

export function summary(findings: readonly Pick<Finding, 'level'>[]): string {
  const count = (level: Finding['level']): number => findings.filter((one) => one.level === level).length;
  const problems = count('problem');
  return `${problems === 0 ? 'no' : problems} problem${problems === 1 ? '' : 's'}, ${count('advice')} advice`;
}
