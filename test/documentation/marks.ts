import type { Block } from './markdown.ts';

/**
 * What a comment right before a shell block says about it:
 * `not run: <reason>`, `ends with 1: <reason>` (its last command fails), `keeps running` (until it says "listening").
 */
export type Mark =
  | { readonly kind: 'not run'; readonly reason: string }
  | { readonly kind: 'ends with'; readonly code: number }
  | { readonly kind: 'keeps running' };

/** The mark of a block, if it has one. @throws for any other comment, and for a mark without its reason. */
export function markOf({ mark }: Block): Mark | undefined {
  if (mark === undefined) return undefined;
  if (mark === 'keeps running') return { kind: 'keeps running' };
  const [, kind, code, reason = ''] = /^(not run|ends with (\d+)):(.*)$/.exec(mark) ?? [];
  if (kind === undefined) throw new Error(`the mark "${mark}" is not known`);
  if (reason.trim() === '') throw new Error(`the mark "${mark}" has no reason`);
  return code === undefined
    ? { kind: 'not run', reason: reason.trim() }
    : { kind: 'ends with', code: Number(code) };
}
