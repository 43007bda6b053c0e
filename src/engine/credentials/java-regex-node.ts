/** Whether a character, by its code point, is in a class. */
export type CharacterTest = (character: number) => boolean;

/** Whether a place in the text, between two characters, is one that an anchor or boundary means. */
export type PlaceTest = (text: readonly number[], at: number) => boolean;

/** A Java pattern, read. Groups are numbered from 1. */
export type RegexNode =
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'place'; readonly test: PlaceTest }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'alternatives'; readonly options: readonly RegexNode[] }
  | { readonly kind: 'group'; readonly inner: RegexNode; readonly index: number }
  | { readonly kind: 'atomic'; readonly inner: RegexNode }
  | {
      readonly kind: 'repeat';
      readonly inner: RegexNode;
      readonly least: number;
      readonly most: number;
      readonly lazy: boolean;
    }
  | { readonly kind: 'ahead'; readonly inner: RegexNode; readonly negative: boolean }
  | {
      readonly kind: 'behind';
      readonly inner: RegexNode;
      readonly negative: boolean;
      /** Characters. */
      readonly longest: number;
    }
  | {
      readonly kind: 'reference';
      readonly index: number;
      readonly same: (one: number, other: number) => boolean;
    };

/** What `(?…)` switches. */
export interface RegexFlags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
  readonly d: boolean;
  readonly u: boolean;
}

export const NO_FLAGS: RegexFlags = { i: false, m: false, s: false, x: false, d: false, u: false };

/** @param on letters of flags; @param off wins. */
export function switchFlags(flags: RegexFlags, on: string, off: string): RegexFlags {
  const changed = Object.entries(flags).map(([flag, was]) => [
    flag,
    (was || on.includes(flag)) && !off.includes(flag),
  ]);
  return Object.fromEntries(changed) as RegexFlags;
}

/** Not a pattern of Java, or one with something that is not supported here. The message says where. */
export class PatternProblem extends Error {
  override readonly name = 'PatternProblem';
}

/** The most characters that a node can match: Java wants a bound where it looks behind. */
export function longestMatch(node: RegexNode): number {
  switch (node.kind) {
    case 'character':
      return 1;
    case 'sequence':
      return node.parts.reduce((sum, part) => sum + longestMatch(part), 0);
    case 'alternatives':
      return Math.max(...node.options.map(longestMatch));
    case 'group':
    case 'atomic':
      return longestMatch(node.inner);
    case 'repeat': {
      const inner = longestMatch(node.inner);
      return inner === 0 ? 0 : inner * node.most;
    }
    case 'reference':
      return Number.POSITIVE_INFINITY;
    default:
      return 0;
  }
}
