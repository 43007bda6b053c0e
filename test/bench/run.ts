/**
 * How fast ThingPass is on this machine: `npm run bench [-- --json] [-- --quick] [-- --write]`. Prints a table, or JSON with a
 * `ratios` object; `--quick` measures less of everything; `--write` writes the table into README.md beside this file.
 *
 * Ratios, not rates, are what can be compared: everything is measured beside an empty Fastify route, in turns, in one run, by load
 * out of a process of its own.
 */
import { writeFileSync } from 'node:fs';
import { measureFleet } from './load/fleet-figures.ts';
import { Generator } from './load/generator.ts';
import { measureKnown } from './load/known.ts';
import { measureStartUp } from './load/start-up.ts';
import { machine, type Report, ratiosOf, readme, table } from './report.ts';

const flags = new Set(process.argv.slice(2));
const quick = flags.has('--quick');
const generator = new Generator();
try {
  const known = await measureKnown(
    generator,
    quick ? { rounds: 2, roundMs: 300 } : { rounds: 28, roundMs: 250 },
  );
  const effort = quick
    ? { devices: 20_000, rounds: 1, coldRequests: 5_000 }
    : { devices: 1_000_000, rounds: 6, coldRequests: 20_000 };
  const fleets = [
    await measureFleet('sqlite', generator, effort),
    await measureFleet('postgresql', generator, effort),
  ];
  const report: Report = {
    machine: machine(),
    devices: effort.devices,
    known,
    fleets: fleets.filter((one) => typeof one !== 'string'),
    missing: fleets.filter((one) => typeof one === 'string'),
    startUp: await measureStartUp(quick ? 1 : 5),
  };
  console.log(
    flags.has('--json')
      ? JSON.stringify({ ...report, ratios: ratiosOf(report) }, undefined, 2)
      : table(report),
  );
  if (flags.has('--write')) writeFileSync(new URL('./README.md', import.meta.url), readme(report));
} finally {
  generator.stop();
}
