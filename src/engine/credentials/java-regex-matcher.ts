import type { RegexNode } from './java-regex-node.ts';
import type { ParsedPattern } from './java-regex-parser.ts';
import { type Go, SearchState } from './java-regex-state.ts';

/**
 * Java's `Matcher.find`, once, from the start: backtracking in Java's order, with captures that stay from earlier turns of a
 * loop, as Java has it. Characters are code points.
 * @returns for each group from 0, which is the whole, start and end; -1 where it took no part. `undefined`: no match.
 * @throws {PatternTooComplex}
 */
export function findFirst(
  { root, groups }: ParsedPattern,
  text: readonly number[],
): readonly number[] | undefined {
  const search = new Search(text, groups);
  const whole = search.compile({ kind: 'group', index: 0, inner: root }, () => true);
  for (let start = 0; start <= text.length; start++) {
    if (whole(start)) return search.captures;
  }
  return undefined;
}

class Search extends SearchState {
  compile(node: RegexNode, next: Go): Go {
    switch (node.kind) {
      case 'character':
        return this.counted((at) => this.is(node.test, at) && next(at + 1));
      case 'place':
        return this.counted((at) => node.test(this.text, at) && next(at));
      case 'sequence':
        return node.parts.reduceRight((rest, part) => this.compile(part, rest), next);
      case 'alternatives': {
        const options = node.options.map((option) => this.compile(option, next));
        return this.counted((at) => options.some((option) => option(at)));
      }
      case 'group':
        return this.#group(node.index, node.inner, next);
      case 'repeat':
        return node.inner.kind === 'character'
          ? this.#run(node.inner.test, node, next)
          : this.#loop(node, next);
      case 'atomic':
        return this.#once(node.inner, (_at, end) => end !== undefined && next(end));
      case 'ahead':
        return this.#once(
          node.inner,
          (at, end) => (end === undefined) === node.negative && next(at),
          node.negative,
        );
      case 'behind':
        return this.#behind(node, next);
      case 'reference':
        return this.counted((at) => {
          const end = this.#repeated(node, at);
          return end !== undefined && next(end);
        });
    }
  }

  #group(index: number, inner: RegexNode, next: Go): Go {
    const close: Go = (at) => {
      const [start, end] = [this.captures[2 * index] as number, this.captures[2 * index + 1] as number];
      this.captures[2 * index] = this.starts[index] as number;
      this.captures[2 * index + 1] = at;
      if (next(at)) return true;
      this.captures[2 * index] = start;
      this.captures[2 * index + 1] = end;
      return false;
    };
    const body = this.compile(inner, close);
    return this.counted((at) => {
      const outer = this.starts[index] as number;
      this.starts[index] = at;
      if (body(at)) return true;
      this.starts[index] = outer;
      return false;
    });
  }

  /** One class of characters over and over: no frame for each of them. */
  #run(test: (character: number) => boolean, { least, most, lazy }: Bounds, next: Go): Go {
    return this.counted((at) => {
      let count = 0;
      const more = (): boolean => {
        this.tick();
        return count < most && this.is(test, at + count);
      };
      while (count < least || !lazy) {
        if (!more()) break;
        count++;
      }
      if (count < least) return false;
      if (!lazy) {
        for (; count >= least; count--) if (next(at + count)) return true;
        return false;
      }
      for (;;) {
        if (next(at + count)) return true;
        if (!more()) return false;
        count++;
      }
    });
  }

  #loop({ inner, least, most, lazy }: Bounds & { readonly inner: RegexNode }, next: Go): Go {
    let count = 0;
    let last = -1;
    const turn: Go = (at) => {
      const [turns, from] = [count, last];
      count = turns + 1;
      last = at;
      if (body(at)) return true;
      count = turns;
      last = from;
      return false;
    };
    const step: Go = this.counted((at) => {
      if (count < least) return turn(at);
      // A turn that matched nothing would be followed by the same for ever.
      const again = count < most && at !== last;
      if (lazy) return next(at) || (again && turn(at));
      return (again && turn(at)) || next(at);
    });
    const body: Go = this.compile(inner, step);
    return (at) => {
      const [turns, from] = [count, last];
      count = 0;
      last = -1;
      if (step(at)) return true;
      count = turns;
      last = from;
      return false;
    };
  }

  /** Matches the first way it can, and is not asked for another; captures go where what follows does not match. */
  #once(inner: RegexNode, then: (at: number, end: number | undefined) => boolean, forget = false): Go {
    let end = -1;
    const body = this.compile(inner, (at) => {
      end = at;
      return true;
    });
    return this.counted((at) => {
      const before = [...this.captures];
      const matched = body(at);
      if (forget) this.restore(before);
      if (then(at, matched ? end : undefined)) return true;
      this.restore(before);
      return false;
    });
  }

  #behind(node: Extract<RegexNode, { kind: 'behind' }>, next: Go): Go {
    let target = -1;
    const body = this.compile(node.inner, (end) => end === target);
    return this.counted((at) => {
      const before = [...this.captures];
      const outer = target;
      target = at;
      let matched = false;
      for (let start = at; !matched && start >= Math.max(0, at - node.longest); start--)
        matched = body(start);
      target = outer;
      if (matched !== node.negative && next(at)) return true;
      this.restore(before);
      return false;
    });
  }

  /** A group that took no part matches nowhere. */
  #repeated({ index, same }: Extract<RegexNode, { kind: 'reference' }>, at: number): number | undefined {
    const [start, end] = [this.captures[2 * index] as number, this.captures[2 * index + 1] as number];
    if (end === undefined || end === -1) return undefined;
    for (let offset = 0; offset < end - start; offset++) {
      this.tick();
      const [wanted, there] = [this.text[start + offset], this.text[at + offset]];
      if (wanted === undefined || there === undefined || !same(there, wanted)) return undefined;
    }
    return at + end - start;
  }
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly lazy: boolean;
}
