/** Writes the configurations in `deploy/` anew: `npm run deploy-files`. A test holds them equal to what the command prints. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { configFiles } from '../../../src/tools/product-config/options.ts';
import { PRODUCTS } from '../../../src/tools/product-config/products.ts';
import { DEFAULT_OPTIONS, folderOf } from './deploy-folder.ts';

for (const product of PRODUCTS) {
  const folder = new URL(`../../../deploy/${folderOf(product)}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of configFiles(product, {
    ...DEFAULT_OPTIONS,
    identities: new Set(product.identities),
  })) {
    writeFileSync(new URL(name, folder), text);
  }
}
