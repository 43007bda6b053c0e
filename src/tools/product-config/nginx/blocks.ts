/** A directive of nginx, with what stands in its braces. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly line: number;
  readonly block: readonly Directive[] | undefined;
}

const TOKENS = /#.*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([{};])|\n|((?:\$\{\w+\}|[^\s{};"'])+)/g;

/** nginx's directives as a tree; what is not closed ends with the file. */
export function readNginx(text: string): readonly Directive[] {
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
