import { type TbmqRules, tbmqRules } from '../../engine/access/tbmq-rules.ts';
import type { Allow, Decision } from '../../model/decision.ts';
import type { WebhookReply } from '../dialect.ts';

/** What TBMQ makes of an outcome: only upper case is read alike in every locale (`tbmq.md` section 2). */
type Result = 'SUCCESS' | 'FAILURE' | 'SKIPPED';

const HEADERS = Object.freeze({
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
});
const NOTHING: TbmqRules = Object.freeze({ pub: [], sub: [] });

const FAILURE = reply('FAILURE', NOTHING);
const SKIPPED = reply('SKIPPED', NOTHING);

/**
 * Always 200 and always all of it (section 2): whatever has no `result` lets the client in with the provider's own rules,
 * and without `authRules` those are `.*`; every other status only leaves the client to the next provider. So what cannot
 * be read or decided is a refusal too.
 */
export function tbmqAnswer(decision: Decision): WebhookReply {
  switch (decision.outcome) {
    case 'allow':
      return success(decision);
    case 'no_opinion':
      return SKIPPED;
    case 'deny':
    case 'unavailable':
      return FAILURE;
  }
}

/** TBMQ skips an answer over `maxInMemoryBufferSizeInKb`, 256 as installed (sections 1 and 2). */
const LARGEST_ANSWER = 200 * 1024;

function success(decision: Allow): WebhookReply {
  const { rights } = decision;
  return successWith(
    rights === undefined ? NOTHING : tbmqRules(rights.subject, rights.rules, NO_MOUNT_POINTS),
  );
}

/** TBMQ has one topic tree for all (section 3), whatever the operator says of mount points. */
const NO_MOUNT_POINTS = Object.freeze({ perDeviceMountpoint: false });

/**
 * Nobody is let in with a list that TBMQ could not use: it would go on to the provider's own rules.
 * @internal
 */
export function successWith(rules: TbmqRules): WebhookReply {
  if (![...rules.pub, ...rules.sub].every(isReadByBoth)) return FAILURE;
  const answer = reply('SUCCESS', rules);
  return Buffer.byteLength(answer.body) > LARGEST_ANSWER ? FAILURE : answer;
}

/**
 * One pattern that does not compile drops all of them and opens the provider's own, `.*` as installed (section 2). So
 * only what Java and JavaScript read alike may leave: no escape of a letter (`\Q`, `\p`) but `[\s\S]`, no brace that is no
 * count, no bracket or `&` within a class, no inline flags.
 */
const READ_ALIKE =
  /^(?:\\[^A-Za-z0-9\u0080-\uffff]|\[\\s\\S\]|\[\^?(?:\\[^A-Za-z0-9\u0080-\uffff]|[^\\[\]&])+\]|\{\d{1,3}(?:,\d{0,3})?\}|\(\?[:!]|\((?!\?)|[^\\[\]{}(])+$/s;

/** Whether a pattern means to TBMQ what it means here, and compiles in both. @internal */
export function isReadByBoth(pattern: string): boolean {
  if (!READ_ALIKE.test(pattern) || !pattern.isWellFormed()) return false;
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

function reply(result: Result, { pub, sub }: TbmqRules): WebhookReply {
  const body = JSON.stringify({ result, authRules: { pub, sub } });
  return Object.freeze({ status: 200, headers: HEADERS, body });
}
