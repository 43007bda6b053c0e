import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgresql'; readonly url: string };

/**
 * Reads `DATABASE_URL`: `file:<path>` (relative to the working directory) or `postgresql://…`.
 * @throws {Error} for any other text, without repeating it: it may hold a password.
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  if (url.startsWith('file://')) return { kind: 'sqlite', file: fileURLToPath(url) };
  if (url.startsWith('file:')) {
    const path = url.slice('file:'.length).split('?', 1)[0] as string;
    if (path === '') throw new Error('DATABASE_URL names no file after "file:"');
    return { kind: 'sqlite', file: resolve(path) };
  }
  if (/^postgres(ql)?:\/\//.test(url)) return { kind: 'postgresql', url };
  throw new Error('DATABASE_URL must begin with "file:" or "postgresql://"');
}
