import { type Entry, Settings } from './parsed-config.ts';

type Token = { readonly kind: 'text' | 'mark' | 'newline'; readonly text: string; readonly line: number };

const TOKENS =
  /(?<comment>#.*|\/\/.*)|(?<long>"""[\s\S]*?"""+)|"(?<quoted>(?:[^"\\\n]|\\.)*)"|(?<newline>\n)|(?<mark>[{}[\],=]|\+=|:(?!\/\/))|(?<blank>[^\S\n]+)|(?<plain>(?:\$\{[^}]*\}|[^\s{}[\],="#:]|:(?=\/\/))+)/g;

/**
 * HOCON as EMQX and NanoMQ write it, into values by path. Tolerant: what it cannot read it passes by, since the product itself
 * says what is no HOCON.
 */
export function readHocon(text: string): Settings {
  const tokens = tokenize(text);
  const entries: Entry[] = [];
  let at = 0;

  const skipNewlines = (): void => {
    while (tokens[at]?.kind === 'newline' || tokens[at]?.text === ',') at++;
  };
  const isMark = (mark: string): boolean => tokens[at]?.kind === 'mark' && tokens[at]?.text === mark;

  function members(path: readonly string[], end: string | undefined): void {
    for (skipNewlines(); at < tokens.length && !(end && isMark(end)); skipNewlines()) {
      const key = words();
      if (key === '') {
        at++;
        continue;
      }
      if (isMark('=') || isMark(':') || isMark('+=')) at++;
      while (tokens[at]?.kind === 'newline') at++;
      value([...path, key]);
    }
    at++;
  }

  function value(path: readonly string[]): void {
    const line = tokens[at]?.line ?? 0;
    if (isMark('{')) {
      at++;
      members(path, '}');
    } else if (isMark('[')) {
      at++;
      skipNewlines();
      for (let index = 0; at < tokens.length && !isMark(']'); index++) {
        value([...path, String(index)]);
        skipNewlines();
      }
      at++;
    } else {
      const before = at;
      entries.push({ key: path.join('.'), value: words(), line });
      // A mark that belongs nowhere.
      if (at === before) at++;
    }
  }

  /** Texts that stand side by side on one line are one. */
  function words(): string {
    const texts: string[] = [];
    for (; tokens[at]?.kind === 'text'; at++) texts.push(tokens[at]?.text as string);
    return texts.join(' ');
  }

  members([], undefined);
  return new Settings(entries);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const match of text.matchAll(TOKENS)) {
    const { long, quoted, newline, mark, plain } = match.groups ?? {};
    if (newline !== undefined) tokens.push({ kind: 'newline', text: '\n', line });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark, line });
    else {
      const given = long?.slice(3, -3) ?? quoted?.replace(/\\(.)/g, '$1') ?? plain;
      if (given !== undefined) tokens.push({ kind: 'text', text: given, line });
    }
    line += match[0].split('\n').length - 1;
  }
  return tokens;
}
