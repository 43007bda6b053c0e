import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { REFUSALS, type RefusalCode } from '../../model/errors.ts';
import { VERSION } from '../../util/version.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { PROBLEMS } from './problem.ts';

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1,h2,h3{line-height:1.2}h2{margin-top:2.5rem}code,pre{font:.875rem/1.5 ui-monospace,monospace}
pre{background:#f5f5f5;padding:1rem;overflow-x:auto}summary{cursor:pointer;padding:.25rem 0}
summary b{display:inline-block;width:4.5rem}table{border-collapse:collapse}td,th{text-align:left;padding:.25rem 1rem .25rem 0;vertical-align:top}
.of{margin:0 0 1.5rem 4.5rem}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#242424}a{color:#8bf}}`;

/** Names the one style that the pages have, for a policy that allows nothing else. */
export const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

type Members = { readonly [name: string]: unknown };

/** The OpenAPI document as a page: every operation with what it takes and what it answers. */
function documentationPage(operations: readonly Operation[], document: Members): string {
  const paths = document.paths as Record<string, Record<string, Members>>;
  const { schemas } = document.components as { schemas: Members };
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const body = [
    '<h1>ThingPass management API</h1>',
    `<p>Version ${escaped(VERSION)}. The same for programs: <a href="/docs/openapi.json">openapi.json</a> (OpenAPI 3.1). Every request brings a key:</p>`,
    '<pre>curl http://127.0.0.1:8080/api/v1/devices -H "authorization: Bearer $KEY"</pre>',
    '<p>What is refused is a <a href="/docs/problems">problem</a> (RFC 9457).</p>',
    ...tags.map((tag) => {
      const ofTag = operations.filter((one) => one.tag === tag);
      const shown = ofTag.map((one) =>
        showOperation(one, paths[one.path]?.[one.method.toLowerCase()] as Members),
      );
      return `<h2>${escaped(tag)}</h2>${shown.join('')}`;
    }),
    '<h2 id="schemas">Schemas</h2>',
    ...Object.entries(schemas).map(
      ([name, schema]) =>
        `<details id="schema-${escaped(name)}"><summary>${escaped(name)}</summary>${json(schema)}</details>`,
    ),
  ];
  return page('ThingPass management API', body.join('\n'));
}

/** Every type of problem; the `type` of a problem leads here. */
function problemsPage(): string {
  const rows = (Object.keys(PROBLEMS) as RefusalCode[]).map((code) => {
    const [status, meaning] = PROBLEMS[code];
    return `<tr id="${code}"><td>${status}</td><td><code>${code}</code></td><td>${escaped(REFUSALS[code])}. ${prose(meaning)}</td></tr>`;
  });
  return page(
    'ThingPass problems',
    `<h1>Problems</h1><p>The <code>type</code> of a problem is <code>/docs/problems#</code> and one of these codes, which are stable.</p>
<table><tr><th>Status</th><th>Code</th><th>Meaning</th></tr>${rows.join('')}</table><p><a href="/docs">The API</a></p>`,
  );
}

function showOperation(one: Operation, described: Members): string {
  const {
    parameters = [],
    requestBody,
    responses,
  } = described as {
    parameters?: Members[];
    requestBody?: { content: Record<string, { schema?: unknown }> };
    responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
  };
  const rows = parameters.map(
    (one) =>
      `<tr><td><code>${escaped(String(one.name))}</code></td><td>${escaped(String(one.in))}${one.required ? ', required' : ''}</td><td>${prose(String(one.description ?? ''))}</td></tr>`,
  );
  const answers = Object.entries(responses).map(
    ([status, { description, content }]) =>
      `<tr><td>${status}</td><td>${prose(description)}${linkTo(content?.['application/json']?.schema)}</td></tr>`,
  );
  return `<details id="${escaped(one.id)}"><summary><b>${one.method}</b> <code>/api/v1${escaped(one.path)}</code> ${escaped(one.summary)}</summary>
<div class="of"><p>${prose(String(described.description))}</p>
${rows.length === 0 ? '' : `<table>${rows.join('')}</table>`}
${requestBody === undefined ? '' : showBody(requestBody.content)}
<table>${answers.join('')}</table></div></details>`;
}

function showBody(content: Readonly<Record<string, { schema?: unknown }>>): string {
  const schema = content['application/json']?.schema;
  const types = Object.keys(content).map((type) => `<code>${escaped(type)}</code>`);
  return `<p>Body${schema === undefined ? `: a file, as ${types.join(', ')}` : linkTo(schema)}</p>`;
}

function linkTo(schema: unknown): string {
  if (schema === undefined) return '';
  const name = (schema as { $ref?: string }).$ref?.split('/').at(-1);
  return name === undefined ? json(schema) : `: <a href="#schema-${escaped(name)}">${escaped(name)}</a>`;
}

function json(value: unknown): string {
  return `<pre>${escaped(JSON.stringify(value, undefined, 2))}</pre>`;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>${body}</body></html>
`;
}

function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}

/**
 * `/docs`: the OpenAPI document to read, `/docs/openapi.json` for programs, `/docs/problems` with every problem explained. They are
 * the same everywhere and tell nothing of this installation, so they ask for no key.
 */
export function registerDocumentation(app: FastifyInstance): void {
  const document = openApiDocument(OPERATIONS);
  const pages = {
    '/docs': documentationPage(OPERATIONS, document),
    '/docs/problems': problemsPage(),
  };
  for (const [path, html] of Object.entries(pages))
    app.get(path, async (_request, reply) => reply.type('text/html; charset=utf-8').send(html));
  app.get('/docs/openapi.json', async () => document);
}
