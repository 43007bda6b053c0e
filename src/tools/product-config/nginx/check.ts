import { type ConfigCheck, type Misconfiguration, Traps } from '../check/misconfiguration.ts';
import { secondsOf } from '../check/parsed-config.ts';
import { provesItself } from '../check/secret.ts';
import { CERTIFICATE_HEADERS } from '../proxy.ts';

/** How the file is known, and what is looked for in it. */
export const nginxCheck: ConfigCheck = {
  looksLike: /^\s*(proxy_pass|proxy_set_header|ssl_verify_client|server_name)\s.*;/m,
  traps: nginxTraps,
};

/** What goes wrong in nginx (`certificates/forwarded-certificates.md` section 4.3, `deploy/nginx/README.md`). */
function nginxTraps(text: string): readonly Misconfiguration[] {
  const traps = new Traps();
  walk(readNginx(text), [], traps);
  return traps.found;
}

/** @param inherited the headers that hold here as long as the block sets none itself. */
function walk(block: readonly Directive[], inherited: readonly Directive[], traps: Traps): void {
  const own = block.filter(({ name }) => name === 'proxy_set_header');
  const headers = own.length > 0 ? own : inherited;
  for (const header of own) checkHeader(header, own, traps);
  for (const directive of block) {
    const { name, args, line } = directive;
    if (name === 'ssl_verify_client' && args[0] === 'optional_no_ca')
      traps.problem(
        line,
        'certificates of unknown issuers come through',
        'write ssl_verify_client on, or optional',
      );
    if (name === 'proxy_pass') checkPlace(block, directive, headers, traps);
    if (directive.block !== undefined) walk(directive.block, headers, traps);
  }
  checkBuffers(block, traps);
}

function checkHeader(
  { args: [name, value = ''], line }: Directive,
  own: readonly Directive[],
  traps: Traps,
): void {
  if (/^\$\{?ssl_client_(raw_)?cert\}?$/.test(value))
    traps.problem(
      line,
      `${value} has line breaks in it: Node.js answers 400 to every request`,
      'write $ssl_client_escaped_cert',
    );
  if (!/ssl_client_(escaped_|raw_)?cert\b/.test(value)) return;
  if (!own.some(({ args }) => /ssl_client_verify/.test(args[1] ?? '')))
    traps.problem(
      line,
      `nothing says whether nginx verified what stands in ${name}`,
      'add proxy_set_header X-SSL-Client-Verify $ssl_client_verify;',
    );
}

/** A place from which requests are handed on. */
function checkPlace(
  block: readonly Directive[],
  pass: Directive,
  headers: readonly Directive[],
  traps: Traps,
): void {
  const url = pass.args[0] ?? '';
  const set = new Map(headers.map(({ args: [name = '', value = ''] }) => [name.toLowerCase(), value]));
  const passing = CERTIFICATE_HEADERS.filter((name) => !set.has(name.toLowerCase()));
  if (passing.length > 0) {
    traps.problem(
      pass.line,
      `a client’s own ${passing.join(', ')} would pass here`,
      `add ${passing.map((name) => `proxy_set_header ${name} "";`).join(' ')}`,
    );
  }
  const asks = url.includes('/forward-auth');
  if (asks && set.get('authorization') !== '')
    traps.problem(
      pass.line,
      'a client could bring a token to a place that asks for a certificate',
      'add proxy_set_header Authorization "";',
    );
  if (asks && !set.has('x-thingpass-secret') && !provesItself(url))
    traps.problem(
      pass.line,
      'nginx sends no secret, so ThingPass refuses it, or answers anybody',
      'add proxy_set_header X-ThingPass-Secret <the secret>;',
    );
  if (asks && !block.some(({ name }) => name === 'internal'))
    traps.problem(pass.line, 'clients reach this place themselves', 'add internal;');
  const timeout = block.find(({ name }) => name === 'proxy_read_timeout');
  if (set.has('upgrade') && !(secondsOf(timeout?.args[0] ?? '60s') >= 600))
    traps.advice(
      (timeout ?? pass).line,
      'quiet devices are cut off after a minute',
      'add proxy_read_timeout 1h;',
    );
}

function checkBuffers(block: readonly Directive[], traps: Traps): void {
  const verify = block.find(({ name, args }) => name === 'ssl_verify_client' && args[0] !== 'off');
  if (verify === undefined || block.some(({ name }) => name === 'large_client_header_buffers')) return;
  traps.advice(
    verify.line,
    'certificates with many names end in 400 at a proxy behind this one',
    'add large_client_header_buffers 4 64k;',
  );
}

/** A directive of nginx, with what stands in its braces. */
interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly line: number;
  readonly block: readonly Directive[] | undefined;
}

/** nginx's directives as a tree; what is not closed ends with the file. */
function readNginx(text: string): readonly Directive[] {
  const stack: Directive[][] = [[]];
  let words: string[] = [];
  let start = 1;
  let line = 1;
  for (const match of text.matchAll(TOKENS)) {
    const [whole, double, single, mark, plain] = match;
    const word = double ?? single ?? plain;
    if (word !== undefined) {
      if (words.length === 0) start = line;
      words.push(word);
    } else if (mark !== undefined) {
      const [name, ...args] = words;
      const block: Directive[] | undefined = mark === '{' ? [] : undefined;
      if (name !== undefined) stack.at(-1)?.push({ name, args, line: start, block });
      if (block !== undefined) stack.push(block);
      if (mark === '}' && stack.length > 1) stack.pop();
      words = [];
    }
    line += whole.split('\n').length - 1;
  }
  return stack[0] as Directive[];
}

const TOKENS = /#.*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([{};])|\n|((?:\$\{\w+\}|[^\s{};"'])+)/g;
