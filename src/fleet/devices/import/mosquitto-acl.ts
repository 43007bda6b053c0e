import { GLOBAL, problemOf } from '../../../engine/access/rule.ts';
import type { Permission, RuleAction } from '../../../model/topic-rules.ts';
import { type ImportedRule, type LineProblem, lineProblem, type RuleSubject } from './import-item.ts';
import { type Chunks, readLines } from './text.ts';

export interface MosquittoAclOptions {
  /**
   * Whose file it is: topics in front of the first `user` are for clients without a user name in Mosquitto itself, for
   * everyone in mosquitto-go-auth's files backend.
   */
  readonly topicsBeforeUsers?: 'anonymous' | 'everyone';
}

interface Access {
  readonly permission: Permission;
  readonly action: RuleAction;
}

/**
 * In Mosquitto `read` is about the messages that arrive, and go-auth lets it subscribe too, so subscribing is what it
 * comes to. `subscribe` is go-auth's alone (`brokers/mosquitto.md` section 12).
 */
const ACCESS: ReadonlyMap<string, Access> = new Map([
  ['read', { permission: 'allow', action: 'subscribe' }],
  ['subscribe', { permission: 'allow', action: 'subscribe' }],
  ['write', { permission: 'allow', action: 'publish' }],
  ['readwrite', { permission: 'allow', action: 'all' }],
  ['deny', { permission: 'deny', action: 'all' }],
]);

/**
 * The rules of an ACL file: `user X`, `topic [access] T` for the user above it, `pattern [access] T` with `%u` and `%c`
 * for everyone (mosquitto.conf(5), `acl_file`).
 *
 * Order matters to ThingPass and not to Mosquitto, which looks at a user's denials, then at the user's other topics, then
 * at the denying patterns, then at the others, and refuses the rest; `rank` is 0 to 3 for these. Mosquitto also refuses
 * users and clients with `+` or `#` in their names once there are patterns; ThingPass's placeholders take no such value.
 *
 * Mosquitto refuses a file with a bad line altogether. Here the rest is read, but a left-out line may be a denial: an
 * import that stores rules in spite of problems allows more than the file means.
 */
export async function* readMosquittoAcl(
  chunks: Chunks,
  { topicsBeforeUsers = 'anonymous' }: MosquittoAclOptions = {},
): AsyncGenerator<ImportedRule | LineProblem> {
  let subject: RuleSubject | undefined = { kind: topicsBeforeUsers };
  for await (const item of readLines(chunks)) {
    if (item.kind === 'problem') {
      yield item;
      // This one and unknown words may be meant for `user`: the topics below must not go to the user above.
      subject = undefined;
      continue;
    }
    const { line } = item;
    const text = item.text.trim();
    if (text === '' || item.text.startsWith('#')) continue;
    const [keyword, rest] = splitWord(text);
    if (keyword === 'user') {
      subject = rest === '' ? undefined : { kind: 'user', userName: rest };
      if (rest === '') yield lineProblem(line, 'no name behind "user"; the topics below it are left out');
    } else if (keyword === 'pattern') {
      yield readRule(line, { kind: 'everyone' }, rest, true);
    } else if (keyword !== 'topic') {
      subject = undefined;
      yield lineProblem(line, 'neither user, topic nor pattern; the topics below it are left out');
    } else if (subject === undefined) {
      yield lineProblem(line, 'the user above it cannot be read');
    } else {
      yield readRule(line, subject, rest, false);
    }
  }
}

function readRule(
  line: number,
  subject: RuleSubject,
  rest: string,
  pattern: boolean,
): ImportedRule | LineProblem {
  const [word, behind] = splitWord(rest);
  if (word === '') return lineProblem(line, 'no topic');
  // A single word is the topic itself, even where it reads like an access.
  const access = ACCESS.get(behind === '' ? 'readwrite' : word);
  if (access === undefined) {
    return lineProblem(line, `unknown access "${word}"; a topic with spaces needs its access in front`);
  }
  const topic = behind === '' ? word : behind;
  // It would be read as a placeholder, and reach topics that the file does not name.
  if (topic.includes('${')) return lineProblem(line, 'a topic with "${" cannot be told from a placeholder');
  const filter = pattern ? topic.replaceAll('%u', `\${username}`).replaceAll('%c', `\${clientId}`) : topic;
  const problem = problemOf({ ...access, filter, scope: GLOBAL });
  if (problem !== undefined) return lineProblem(line, problem);
  const general = subject.kind === 'everyone' ? 2 : 0;
  const rank = general + (access.permission === 'deny' ? 0 : 1);
  const warnings =
    pattern && filter === topic ? ['the pattern has neither %u nor %c: it is for everyone'] : [];
  return { kind: 'rule', line, subject, ...access, filter, rank, warnings };
}

/** The first word, and what stands behind the blanks after it. */
function splitWord(text: string): [string, string] {
  const blank = text.search(/[ \t]/);
  return blank < 0 ? [text, ''] : [text.slice(0, blank), text.slice(blank).trim()];
}
