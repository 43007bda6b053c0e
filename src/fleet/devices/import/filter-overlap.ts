/**
 * Whether some topic matches both MQTT filters, a level with a placeholder standing for any word. Filters that only share
 * names with a leading `$`, which wildcards do not match, count as overlapping too: the answer errs towards yes.
 */
export function mayOverlap(one: string, other: string): boolean {
  const [left, right] = [one.split('/'), other.split('/')];
  for (let level = 0; ; level++) {
    const [here, there] = [left[level], right[level]];
    if (here === '#' || there === '#') return true;
    // `a/#` matches `a` too.
    if (here === undefined) return there === undefined;
    if (there === undefined) return false;
    if (!isAny(here) && !isAny(there) && here !== there) return false;
  }
}

function isAny(level: string): boolean {
  return level === '+' || level.includes('${');
}
