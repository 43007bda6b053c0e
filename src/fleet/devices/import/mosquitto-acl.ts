import { GLOBAL, problemOf } from '../../../engine/access/rule.ts';
import type { Permission, RuleAction } from '../../../model/topic-rules.ts';
import { type ImportedRule, type LineProblem, lineProblem, type RuleSubject } from './import-item.ts';
import { type Chunks, readLines } from './text.ts';

export interface MosquittoAclOptions {
  /**
   * To whom topics before the first `user` apply: to clients without a user name in Mosquitto itself, to everyone
   * in mosquitto-go-auth's files backend.
   */
  readonly topicsBeforeUsers?: 'anonymous' | 'everyone';
}

interface Access {
  readonly permission: Permission;
  readonly action: RuleAction;
}

/**
 * In Mosquitto, `read` controls which messages arrive, and go-auth also uses it for subscribing, so it becomes
 * `subscribe`. Only go-auth has `subscribe` (`brokers/mosquitto/mosquitto.md` section 12).
 */
const ACCESS: ReadonlyMap<string, Access> = new Map([
  ['read', { permission: 'allow', action: 'subscribe' }],
  ['subscribe', { permission: 'allow', action: 'subscribe' }],
  ['write', { permission: 'allow', action: 'publish' }],
  ['readwrite', { permission: 'allow', action: 'all' }],
  ['deny', { permission: 'deny', action: 'all' }],
]);

/**
 * Reads the rules of an ACL file: `user X`, `topic [access] T` for the user above it, `pattern [access] T` with
 * `%u` and `%c` for everyone (mosquitto.conf(5), `acl_file`).
 *
 * Order matters in ThingPass, but not in Mosquitto. Mosquitto checks a user's denials, then the user's other
 * topics, then the denying patterns, then the other patterns, and refuses the rest; `rank` is 0 to 3 for these. If
 * there are patterns, Mosquitto also refuses users and clients with `+` or `#` in their names; ThingPass's
 * placeholders never take such values.
 *
 * Mosquitto refuses a file with an invalid line. Here the other lines are read, but a skipped line may be a denial:
 * storing the rules in spite of problems allows more than the file means.
 */
export async function* readMosquittoAcl(
  chunks: Chunks,
  { topicsBeforeUsers = 'anonymous' }: MosquittoAclOptions = {},
): AsyncGenerator<ImportedRule | LineProblem> {
  let subject: RuleSubject | undefined = { kind: topicsBeforeUsers };
  for await (const item of readLines(chunks)) {
    if (item.kind === 'problem') {
      yield item;
      // The line may have been a `user` line, so the topics below it must not be assigned to the user above it.
      subject = undefined;
      continue;
    }
    const { line } = item;
    const text = item.text.trim();
    if (text === '' || item.text.startsWith('#')) continue;
    const [keyword, rest] = splitWord(text);
    if (keyword === 'user') {
      subject = rest === '' ? undefined : { kind: 'user', userName: rest };
      if (rest === '') yield lineProblem(line, 'no name after "user"; the topics below it are skipped');
    } else if (keyword === 'pattern') {
      yield readRule(line, { kind: 'everyone' }, rest, true);
    } else if (keyword !== 'topic') {
      subject = undefined;
      yield lineProblem(
        line,
        'the line begins with neither user, topic nor pattern; the topics below it are skipped',
      );
    } else if (subject === undefined) {
      yield lineProblem(line, 'skipped, because the line above that should name its user cannot be read');
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
  // A single word is the topic, even if it reads like an access.
  const access = ACCESS.get(behind === '' ? 'readwrite' : word);
  if (access === undefined) {
    return lineProblem(line, `unknown access "${word}"; a topic with spaces needs an access before it`);
  }
  const topic = behind === '' ? word : behind;
  // It would be read as a placeholder and match topics that the file does not name.
  if (topic.includes('${')) return lineProblem(line, 'a topic with "${" would be read as a placeholder');
  const filter = pattern ? topic.replaceAll('%u', `\${username}`).replaceAll('%c', `\${clientId}`) : topic;
  const problem = problemOf({ ...access, filter, scope: GLOBAL });
  if (problem !== undefined) return lineProblem(line, problem);
  const general = subject.kind === 'everyone' ? 2 : 0;
  const rank = general + (access.permission === 'deny' ? 0 : 1);
  const warnings =
    pattern && filter === topic ? ['the pattern contains neither %u nor %c, so it applies to everyone'] : [];
  return { kind: 'rule', line, subject, ...access, filter, rank, warnings };
}

/** The first word and the rest after the blanks. */
function splitWord(text: string): [string, string] {
  const blank = text.search(/[ \t]/);
  return blank < 0 ? [text, ''] : [text.slice(0, blank), text.slice(blank).trim()];
}
