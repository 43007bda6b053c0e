import { SECRET_HEADER } from '../../../server/webhooks/guard.ts';
import { PLACEHOLDER_SECRET } from '../options.ts';
import type { Traps } from './misconfiguration.ts';
import type { Entry } from './parsed-config.ts';

/** Whether a URL or path proves the broker by itself: `user:secret@` or `/k/<secret>/`. */
export function provesItself(url: string): boolean {
  return /:\/\/[^/@]+:[^/@]+@|\/k\/[^/]+\//.test(url);
}

/** What goes wrong with headers in every broker that sends them: no secret, a client's text, a type that is not read. */
export function checkHeaders(
  traps: Traps,
  headers: readonly Entry[],
  url: Entry | undefined,
  block: number,
): void {
  const named = (name: string) => headers.find(({ key }) => key.toLowerCase().endsWith(`.${name}`));
  if (named(SECRET_HEADER) === undefined && !provesItself(url?.value ?? '')) {
    traps.problem(
      block,
      'the broker sends no secret, so ThingPass refuses it, or answers anybody',
      `add ${SECRET_HEADER} = "<the secret>" to headers`,
    );
  }
  for (const { key, value, line } of headers) {
    if (!value.includes('${') && !/^%[a-zA-Z]$/.test(value)) continue;
    const name = key.slice(key.lastIndexOf('.') + 1);
    traps.problem(
      line,
      `a client’s own text goes into the header ${name}, and with line breaks into others`,
      'send it in body (EMQX) or params (NanoMQ)',
    );
  }
  const type = named('content-type');
  if (type === undefined) {
    traps.problem(block, 'no content-type is set', 'add content-type = "application/json" to headers');
  } else if (type.value.includes(';')) {
    traps.problem(
      type.line,
      'with anything behind application/json nothing usable is sent',
      'write content-type = "application/json", exactly so',
    );
  }
}

/** The secret of the documentation, wherever it was left standing. */
export function checkPlaceholder(traps: Traps, text: string): void {
  text.split('\n').forEach((line, index) => {
    if (/^\s*#/.test(line) || !line.includes(PLACEHOLDER_SECRET)) return;
    traps.problem(
      index + 1,
      'the secret is the placeholder of the documentation, which everybody knows',
      'make one with: openssl rand -hex 24; set it here and in ThingPass',
    );
  });
}
