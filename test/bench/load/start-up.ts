import { Installation } from '../../support/process.ts';
import { median } from './known.ts';
import { startThingPass } from './servers.ts';

/** Seconds from starting the process to "listening", the median of several starts: with a new database, and with one that is there. */
export async function measureStartUp(starts: number): Promise<{ first: number; later: number }> {
  const first: number[] = [];
  const later: number[] = [];
  for (let start = 0; start < starts; start++) {
    const installation = new Installation();
    first.push(await timed(installation));
    later.push(await timed(installation));
  }
  return { first: median(first), later: median(later) };
}

async function timed(installation: Installation): Promise<number> {
  const begin = performance.now();
  const server = await startThingPass(installation.environment);
  const seconds = (performance.now() - begin) / 1_000;
  await server.stop();
  return seconds;
}
