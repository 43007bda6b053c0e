import { type ConfigCheck, type Misconfiguration, Traps } from '../check/misconfiguration.ts';
import { secondsOf } from '../check/parsed-config.ts';
import { CERTIFICATE_HEADERS } from '../proxy.ts';

/** How the file is known, and what is looked for in it. */
export const haproxyCheck: ConfigCheck = {
  looksLike: /^(frontend|backend|listen)\s+\S+\s*$/m,
  traps: haproxyTraps,
};

interface Line {
  readonly words: readonly string[];
  readonly line: number;
}

interface Section {
  readonly kind: string;
  readonly name: string;
  readonly line: number;
  readonly lines: readonly Line[];
}

/** What goes wrong in HAProxy (`certificates/forwarded-certificates.md` section 4.4, `deploy/haproxy/README.md`). */
function haproxyTraps(text: string): readonly Misconfiguration[] {
  const sections = readHaproxy(text);
  const traps = new Traps();
  for (const section of sections) {
    for (const line of section.lines) checkLine(line, traps);
    const binds = section.lines.filter(({ words }) => words[0] === 'bind' && words.includes('ssl'));
    if (binds.length === 0) continue;
    const mode = [section, ...sections.filter(({ kind }) => kind === 'defaults')]
      .flatMap(({ lines }) => lines.find(({ words }) => words[0] === 'mode')?.words[1] ?? [])
      .at(0);
    if (mode === 'http') checkHeaders(section, traps);
    else for (const bind of binds) checkNames(bind, section, sections, traps);
  }
  return traps.found;
}

/** Sections begin with their kind at the beginning of a line. */
function readHaproxy(text: string): Section[] {
  const sections: (Section & { lines: Line[] })[] = [];
  text.split('\n').forEach((raw, index) => {
    const words = (raw.match(/#.*$|"(?:[^"\\]|\\.)*"|'[^']*'|(?:\\.|[^\s"'#])+/g) ?? [])
      .filter((word) => !word.startsWith('#'))
      .map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
    const [kind = '', name = ''] = words;
    if (/^(global|defaults|frontend|backend|listen|resolvers|peers|userlist|cache|program|ring)$/.test(kind))
      sections.push({ kind, name, line: index + 1, lines: [] });
    else if (kind !== '') sections.at(-1)?.lines.push({ words, line: index + 1 });
  });
  return sections;
}

function checkLine({ words, line }: Line, traps: Traps): void {
  if (words[0] === 'server' && words.includes('send-proxy'))
    traps.problem(
      line,
      'version 1 of PROXY protocol tells nothing of certificates',
      'write send-proxy-v2 proxy-v2-options ssl,cert-cn',
    );
  if (words[0] === 'bind' && /(?:^| )(?:crt|ca)-ignore-err /.test(words.join(' ')))
    traps.problem(
      line,
      'certificates come through that failed the verification',
      'take crt-ignore-err and ca-ignore-err out',
    );
  if (words[0] === 'timeout' && words[1] === 'client' && secondsOf(words[2] ?? '', 'ms') < 600)
    traps.advice(line, 'quiet devices are cut off', 'set timeout client 1h');
}

/** Headers of certificates: the client's own are taken away first, and ours are set only when there is a certificate. */
function checkHeaders({ lines, line }: Section, traps: Traps): void {
  const removed = new Set<string>();
  for (const { words, line: at } of lines) {
    const [rule, action, header = ''] = words;
    if (rule !== 'http-request') continue;
    const name = header.toLowerCase();
    if (action === 'del-header') removed.add(name);
    if ((action !== 'set-header' && action !== 'add-header') || !words.some((word) => /ssl_[cf]_/.test(word)))
      continue;
    if (!/ if \{ ssl_c_used/.test(words.join(' ')))
      traps.problem(
        at,
        `${header} is set without a certificate too, and ssl_c_verify is 0 then`,
        'add if { ssl_c_used } behind it',
      );
    if (!removed.has(name)) {
      traps.problem(
        at,
        `a client’s own ${header} would pass where HAProxy sets none`,
        `put http-request del-header ${header} before it`,
      );
      removed.add(name);
    }
  }
  const passing = CERTIFICATE_HEADERS.filter((name) => !removed.has(name.toLowerCase()));
  if (passing.length > 0)
    traps.problem(
      line,
      `a client’s own ${passing.join(', ')} would pass`,
      `add ${passing.map((name) => `http-request del-header ${name}`).join('; ')}`,
    );
}

/** Names by PROXY protocol count only where nobody comes without a verified certificate. */
function checkNames(
  { words, line }: Line,
  { lines }: Section,
  sections: readonly Section[],
  traps: Traps,
): void {
  const target = lines.find((one) => one.words[0] === 'default_backend')?.words[1];
  const behind = sections.find(({ kind, name }) => kind === 'backend' && name === target)?.lines ?? lines;
  const servers = behind.filter((one) => one.words[0] === 'server');
  const verify = words[words.indexOf('verify') + 1];
  const required = words.includes('verify') && verify === 'required';
  for (const server of servers) {
    const named = server.words.some((word) => /(^|,)cert-cn(,|$)/.test(word));
    if (required && !named)
      traps.problem(
        server.line,
        'the broker is told no name',
        'add send-proxy-v2 proxy-v2-options ssl,cert-cn',
      );
    if (named && !required)
      traps.problem(
        line,
        'clients without a verified certificate come to a listener where names count',
        'add ca-file <authorities> verify required to bind',
      );
  }
}
