import { readdirSync, readlinkSync } from 'node:fs';

/** How often this process has the file open; on Linux only, which tells it in /proc. */
export function openHandles(file: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false;
    }
  }).length;
}
