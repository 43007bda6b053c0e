import type { EmqxRule } from '../../engine/access/emqx-list.ts';
import { emqxBody, emqxReads } from './emqx-reads.ts';
import {
  type Answer,
  CONNECTS,
  describeWanted,
  jsonWithHeader,
  RULES_DECIDE,
  type SimulatedBroker,
} from './simulated-broker.ts';

const PASSPORT = /"thingpass":"([^"]*)"/;

/** Of an answer that lets the client in, so that its members are what they should be. */
function rulesIn({ headers, body }: Answer): readonly EmqxRule[] {
  return (emqxBody(body, headers['content-type'])?.acl ?? []) as readonly EmqxRule[];
}

/** EMQX 5 and 6 (`brokers/emqx/emqx.md` sections 2 to 5). */
export const emqx: SimulatedBroker = function* (client, request, secret) {
  const { clientId: clientid, username, password = '' } = client;
  const connected = yield {
    question: CONNECTS,
    asked: jsonWithHeader('/emqx/authentication', secret, {
      clientid,
      username,
      password,
      peerhost: '127.0.0.1',
      listener: 'tcp:default',
    }),
    read: (answer) => {
      const outcome = emqxReads('authn', answer, Date.now() / 1_000);
      if (outcome === 'allow') return { allows: true, concludes: 'in: CONNACK 0' };
      const codes =
        outcome === 'deny_bad_credentials'
          ? '4 (MQTT 5: 0x86, bad user name or password)'
          : '5 (MQTT 5: 0x87, not authorized)';
      return { allows: false, concludes: `out: CONNACK ${codes}` };
    },
  };
  if (request === undefined) return;
  const { action, topic } = request;
  const listed = emqxDecides(rulesIn(connected), { action, topic, qos: 1, retain: false });
  if (listed !== 'next') {
    const concludes = `${listed === 'allow' ? 'allowed' : 'denied'} by the rules that came with the connect`;
    yield {
      question: describeWanted(request),
      verdict: { allows: listed === 'allow', concludes },
      mend: RULES_DECIDE,
    };
    return;
  }
  yield {
    question: describeWanted(request),
    asked: jsonWithHeader('/emqx/authorization', secret, {
      clientid,
      username,
      action,
      topic,
      qos: '1',
      retain: 'false',
      peerhost: '127.0.0.1',
      client_attrs__thingpass: PASSPORT.exec(connected.body)?.[1] ?? '',
    }),
    read: (answer) => {
      if (emqxReads('authz', answer, 0) === 'allow') return { allows: true, concludes: 'allowed' };
      return {
        allows: false,
        concludes:
          answer.status === 200
            ? 'denied'
            : 'no match: denied with no_match = deny, else allowed, for a minute',
      };
    },
  };
};

/** An access as EMQX asks about it. */
interface EmqxAccess {
  readonly action: 'publish' | 'subscribe';
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/**
 * What EMQX makes of an `acl` list (`brokers/emqx/emqx.md` section 4): rules in order, the first that matches decides; a
 * SUBSCRIBE's filter is matched as if it were a topic. `next` is the next source, the authorizer.
 * @internal
 */
export function emqxDecides(list: readonly EmqxRule[], asked: EmqxAccess): 'allow' | 'deny' | 'next' {
  for (const rule of list) {
    if (rule.action !== 'all' && rule.action !== asked.action) continue;
    if (rule.qos !== undefined && !rule.qos.includes(asked.qos)) continue;
    if (asked.action === 'publish' && rule.retain !== undefined && rule.retain !== asked.retain) continue;
    if (rule.topics.some((text) => emqxMatches(text, asked.topic))) return rule.permission;
  }
  return 'next';
}

function emqxMatches(text: string, topic: string): boolean {
  if (text.startsWith('eq ')) return text.slice(3) === topic;
  if (topic.startsWith('$') && (text.startsWith('+') || text.startsWith('#'))) return false;
  return wordsMatch(topic.split('/'), text.split('/'));
}

/** Words against words; `+` and `#` in the requested filter are words like others. */
function wordsMatch(words: readonly string[], rule: readonly string[]): boolean {
  const [word, ...moreWords] = words;
  const [level, ...moreLevels] = rule;
  if (level === '#' && moreLevels.length === 0) return true;
  if (word === undefined || level === undefined) return word === level;
  return (level === '+' || level === word) && wordsMatch(moreWords, moreLevels);
}
