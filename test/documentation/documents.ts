import { readdirSync } from 'node:fs';
import { type Document, ROOT, readDocument } from './markdown.ts';

/** Every document that speaks to people: those of the project's folder, and those beside deployments and code. */
export function documents(): Document[] {
  const beside = ['deploy', 'src'].flatMap((folder) =>
    readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
      .map((file) => `${folder}/${file}`),
  );
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...beside.sort()].map(readDocument);
}
