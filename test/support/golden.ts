import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The golden data: `test/golden`, or another folder of the same shape named by `THINGPASS_GOLDEN`. */
export const GOLDEN = process.env.THINGPASS_GOLDEN ?? fileURLToPath(new URL('../golden', import.meta.url));

export function goldenBytes(path: string): Buffer {
  return readFileSync(join(GOLDEN, path));
}

export function goldenJson<T>(path: string): T {
  return JSON.parse(goldenBytes(path).toString('utf8')) as T;
}

/** Why a test that needs this file cannot run, or false where it is there. */
export function missing(path: string): string | false {
  return existsSync(join(GOLDEN, path)) ? false : `${path} is not in ${GOLDEN}`;
}

/**
 * Registers one test that runs every case of a golden file and prints how many ran, passed and failed. A file that is
 * missing from the golden folder is said so and not run; one that is there and holds no case fails.
 * @param cases reads the file's cases; called when the test runs.
 * @param check throws (asserts) for a case that does not hold.
 * @param differs names the rule of the differences table that exempts a case, if one does.
 */
export function goldenFile<Case>(
  path: string,
  cases: () => readonly Case[],
  check: (one: Case) => void | Promise<void>,
  differs: (one: Case) => string | undefined = () => undefined,
): void {
  test(path, async (context) => {
    if (!existsSync(join(GOLDEN, path))) {
      context.diagnostic(`${path}: not in ${GOLDEN}, not run`);
      context.skip(`not in ${GOLDEN}`);
      return;
    }
    const all = cases();
    const failures: string[] = [];
    const different = new Map<string, number>();
    for (const [index, one] of all.entries()) {
      const rule = differs(one);
      if (rule !== undefined) different.set(rule, (different.get(rule) ?? 0) + 1);
      try {
        await check(one);
      } catch (error) {
        failures.push(`case ${index}: ${(error as Error).message}\n${JSON.stringify(one)?.slice(0, 400)}`);
      }
    }
    const passed = all.length - failures.length;
    const rules = [...different].map(([rule, count]) => `, ${count} by the difference ${rule}`).join('');
    console.log(`${path}: ${all.length} run, ${passed} passed, ${failures.length} failed${rules}`);
    assert.ok(all.length > 0, `${path} holds no case`);
    assert.equal(failures.length, 0, failures.slice(0, 5).join('\n'));
  });
}
