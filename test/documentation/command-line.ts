import { readdirSync } from 'node:fs';
import { Command, type Option } from 'commander';
import { ROOT } from './markdown.ts';

/** The command `thingpass` with everything that `src/commands` adds to it, as its help shows it. */
export async function commandLine(): Promise<Command> {
  const program = new Command('thingpass').option('--json');
  for (const file of readdirSync(`${ROOT}src/commands`).filter((name) => name.endsWith('.ts'))) {
    const module: Record<string, unknown> = await import(`../../src/commands/${file}`);
    for (const [name, add] of Object.entries(module)) {
      if (/^add[A-Z]/.test(name) && !name.endsWith('Options')) (add as (program: Command) => void)(program);
    }
  }
  return program;
}

/** Paths of all commands that do something, such as `device create`. */
export function commandPaths(command: Command, path = ''): string[] {
  if (command.commands.length === 0) return [path];
  return command.commands.flatMap((child) => commandPaths(child, `${path} ${child.name()}`.trim()));
}

/** Long names of the options of a command and of all below it. */
export function optionsOf(command: Command): string[] {
  const own = command.options.map(({ long }: Option) => long ?? '');
  return [...own, ...command.commands.flatMap(optionsOf)];
}

/** What is wrong with a call such as `thingpass device create meter-1 --gateway`, or nothing. */
export function wrongWith(program: Command, call: string): string | undefined {
  const words = call.match(/'[^']*'|"[^"]*"|[^\s'"]+/g)?.slice(1) ?? [];
  const allowed = ['--help', '--version', '--json'];
  let command = program;
  while (words.length > 0) {
    const word = words.shift() as string;
    const name = /^--[a-z0-9-]+/.exec(word)?.[0];
    if (name !== undefined) {
      const option = command.options.find(({ long }) => long === name);
      if (option === undefined && !allowed.includes(name)) return `${command.name()} has no ${name}`;
    } else if (command.commands.length > 0) {
      const child = command.commands.find((one) => one.name() === word);
      if (child === undefined)
        return /^[a-z-]+$/.test(word) ? `there is no ${command.name()} ${word}` : undefined;
      command = child;
    }
  }
  return undefined;
}
