/** Writes the OpenAPI document into the repository: `npm run openapi`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openApiDocument } from '../../../src/server/management/openapi.ts';
import { OPERATIONS } from '../../../src/server/management/operations.ts';

/** The document as text, as it stands in the repository. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(OPERATIONS), undefined, 2)}\n`;
}

export const OPENAPI_FILE = fileURLToPath(new URL('../../../deploy/openapi.json', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(OPENAPI_FILE, openApiText());
  process.stdout.write(`written: ${OPENAPI_FILE}\n`);
}
