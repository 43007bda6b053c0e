import {
  type ConfigOptions,
  IDENTITIES,
  PLACEHOLDER_SECRET,
  type Product,
} from '../../../src/tools/product-config/options.ts';

/** The options of the files in `deploy/`. */
export const DEFAULT_OPTIONS: ConfigOptions = Object.freeze({
  url: new URL('http://127.0.0.1:8080'),
  secret: PLACEHOLDER_SECRET,
  identities: new Set(IDENTITIES),
});

/** The folder below `deploy/` that holds a product's files. */
export function folderOf({ name, folder = name }: Product): string {
  return folder;
}
