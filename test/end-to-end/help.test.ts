import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Installation } from '../support/process.ts';

const installation = new Installation();

/** The commands below one, as its help lists them. */
function listed(help: string): string[] {
  const [, list = ''] = help.split('\nCommands:\n');
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
}

async function helpOf(path: readonly string[]): Promise<string> {
  const { code, stdout } = await installation.run([...path, '--help']);
  assert.equal(code, 0, path.join(' '));
  return stdout;
}

test('each command says in its help what it is for, how it is used, and what it ends with', async () => {
  const program = await helpOf([]);
  assert.match(program, /^Exit codes: 0 done, 1 not done, 2 /m);
  const commands = listed(program);
  assert.ok(commands.length > 10, program);
  for (const command of commands) {
    const help = await helpOf([command]);
    const below = listed(help);
    for (const path of below.length === 0 ? [[command]] : below.map((name) => [command, name])) {
      const text = below.length === 0 ? help : await helpOf(path);
      assert.match(text, /\nExamples?:\n {2}\$ (?:[A-Z_]+=\S+ |[a-z].* \| )?thingpass /, path.join(' '));
      assert.equal(text.match(/^Exit codes: 0 .*\.$/gm)?.length, 1, path.join(' '));
      // Each argument and option is explained.
      assert.doesNotMatch(text, /^ {2}(?:<|-|[a-z]+$)\S*$/m, path.join(' '));
    }
  }
});

test('what is misspelt ends with 2, one clear line, and the nearest that there is', async () => {
  for (const [line, detail] of [
    [['devcie', 'list'], /unknown command 'devcie'\n\(Did you mean device\?\)/],
    [['device', 'craete', 'x'], /unknown command 'craete'\n\(Did you mean create\?\)/],
    [['doctor', '--pubish', 'x'], /unknown option '--pubish'\n\(Did you mean --publish\?\)/],
    [['broker-config', 'emqxx'], /'emqxx' is invalid.*Allowed choices are emqx, emqx4/],
    [['device', 'create'], /missing required argument 'name'/],
  ] as const) {
    const { code, stdout, stderr } = await installation.run([...line]);
    assert.deepEqual([code, stdout], [2, ''], line.join(' '));
    assert.match(stderr, detail);
    assert.ok(stderr.trimEnd().split('\n').length <= 4, stderr);
  }
});
