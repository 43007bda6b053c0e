import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the project, with a slash behind it. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a document. */
export interface Block {
  /** The word behind the fence, such as `sh`; empty where there is none. */
  readonly language: string;
  readonly text: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  /** The HTML comment right before the fence, without its brackets. */
  readonly mark: string | undefined;
  /** A block that follows with nothing between. */
  readonly next: Block | undefined;
}

export interface Document {
  /** Below the project's folder, such as `deploy/emqx/README.md`. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Anchors of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Located[];
  /** What stands between backticks outside of blocks. */
  readonly codeSpans: readonly Located[];
}

export interface Located {
  readonly text: string;
  readonly line: number;
}

/** Reads a document out of the project. @throws when it is not there, or a fence is left open. */
export function readDocument(path: string): Document {
  const lines = readFileSync(ROOT + path, 'utf8').split('\n');
  const blocks: Block[] = [];
  const prose: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^( *)(`{3,})(\S*)/.exec(lines[at] as string);
    if (fence === null) {
      prose[at] = lines[at] as string;
      continue;
    }
    const [, indent = '', ticks = '', language = ''] = fence;
    const end = lines.findIndex((line, index) => index > at && line.trim() === ticks);
    if (end === -1) throw new Error(`${path}:${at + 1}: the block has no end`);
    const text = lines
      .slice(at + 1, end)
      .map((line) => line.slice(Math.min(indent.length, line.search(/\S|$/))));
    blocks.push({
      language,
      text: text.join('\n'),
      line: at + 1,
      mark: markBefore(lines, at),
      next: undefined,
    });
    at = end;
  }
  return {
    path,
    blocks: blocks.map((block, index) => ({ ...block, next: following(lines, block, blocks[index + 1]) })),
    anchors: new Set(anchorsOf(prose)),
    links: found(prose, /\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g),
    codeSpans: found(prose, /`([^`]+)`/g),
  };
}

function markBefore(lines: readonly string[], fence: number): string | undefined {
  return /^ *<!-- *(.*?) *-->$/.exec(lines[fence - 1] ?? '')?.[1];
}

function following(lines: readonly string[], block: Block, next: Block | undefined): Block | undefined {
  if (next === undefined) return undefined;
  const end = block.line + block.text.split('\n').length + 1;
  return lines.slice(end, next.line - 1).every((line) => line.trim() === '') ? next : undefined;
}

function anchorsOf(prose: readonly string[]): string[] {
  return prose.flatMap((line) => {
    const heading = /^#{1,6} (.*)/.exec(line ?? '')?.[1];
    if (heading === undefined) return [];
    return heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
  });
}

function found(prose: readonly string[], pattern: RegExp): Located[] {
  return prose.flatMap((line, at) =>
    [...(line ?? '').matchAll(pattern)].map((match) => ({
      text: match[1] ?? match[2] ?? '',
      line: at + 1,
    })),
  );
}
