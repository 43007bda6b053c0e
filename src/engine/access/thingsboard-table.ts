import type { ProfileTopics } from '../../model/device-identity.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { matches } from './matching.ts';
import { decideThingsBoardTopic } from './thingsboard-topics.ts';
import { isTopicName, readTopicFilter } from './topic.ts';

/**
 * ThingsBoard's table as the rest of `access/` needs it. The table itself only answers for one text; here are the texts
 * that are worth asking for, so that they can be listed for a broker. A list is always this asked of the table: it
 * cannot be wider.
 */

/**
 * Texts that ThingsBoard may accept and that are not its own on a broker: `$` trees except Sparkplug's
 * (`credentials/thingsboard.md` section 9.4), `devices/<device id>`, and any topic with a request for a firmware chunk
 * somewhere inside, for which ThingsBoard searches without anchors (section 9.1).
 */
const NOT_THINGSBOARDS = /^(?:\$(?!sparkplug\/)|devices\/[0-9a-f]{8}-[0-9a-f-]{27}(?:\/|$))/i;
const CHUNK_REQUEST = /v2\/[fs]w\/request\//i;
const SHORT_FORM = /^v2\//i;

function isNotThingsBoards(text: string): boolean {
  return NOT_THINGSBOARDS.test(text) || (CHUNK_REQUEST.test(text) && !SHORT_FORM.test(text));
}

/** `credentials/thingsboard.md` sections 9.1 and 9.3, those without a number in them. */
const PUBLISH = [
  'v1/devices/me/telemetry',
  'v1/devices/me/attributes',
  'v1/devices/me/claim',
  ...['v2/t', 'v2/a'].flatMap((topic) => [topic, `${topic}/j`, `${topic}/p`]),
  ...['connect', 'disconnect', 'telemetry', 'attributes', 'attributes/request', 'rpc', 'claim'].map(
    (what) => `v1/gateway/${what}`,
  ),
  '/provision/request',
] as const;

const SUBSCRIBE = [
  'v1/devices/me/attributes',
  'v1/devices/me/attributes/response/+',
  'v1/devices/me/rpc/request/+',
  'v1/devices/me/rpc/response/+',
  'v2/a',
  'v2/a/j',
  'v2/a/p',
  ...['v2/a/res', 'v2/r/req', 'v2/r/res'].flatMap((topic) => [`${topic}/+`, `${topic}/j/+`, `${topic}/p/+`]),
  ...['v2/fw', 'v2/sw'].flatMap((topic) => [`${topic}/response/+/chunk/+`, `${topic}/error`]),
  'v1/gateway/attributes',
  'v1/gateway/attributes/response',
  'v1/gateway/rpc',
  '/provision/response',
] as const;

const SUBSCRIBE_LEVELS = SUBSCRIBE.map((filter) => ({
  levels: filter.split('/'),
  everything: false,
  filter,
}));

/**
 * Publish topics that end in a number, as a filter that is wider than the table, and as text that is not: numbers of up
 * to nine digits are within Java's 32 bits. Only for those roles that have the topic with a 1 in it.
 */
export const NUMBERED: readonly { readonly filter: string; readonly pattern: string }[] = [
  ...['v1/devices/me/attributes/request', 'v1/devices/me/rpc/response', 'v1/devices/me/rpc/request'],
  ...['v2/a/req', 'v2/r/res', 'v2/r/req'].flatMap((topic) => [topic, `${topic}/j`, `${topic}/p`]),
]
  .map((topic) => ({ filter: `${topic}/+`, pattern: `${topic}/[+-]?[0-9]{1,9}` }))
  .concat(
    ['v2/fw', 'v2/sw'].map((topic) => ({
      filter: `${topic}/request/+/chunk/+`,
      pattern: `${topic}/request/[0-9]{1,9}/chunk/[0-9]{1,9}`,
    })),
  );

/**
 * Whether ThingsBoard itself would accept this publish, or grant this subscription (`$share/…` it never grants).
 *
 * Stricter than ThingsBoard where it reaches further than its own topics, as a profile's topic `#` does. There that
 * reaches nobody else; on a broker it would reach the `$` topics and the devices' own namespaces, which are for rules to
 * give.
 */
export function mayUse(subject: TopicSubject, action: 'publish' | 'subscribe', text: string): boolean {
  if (isNotThingsBoards(text)) return false;
  return decideThingsBoardTopic(subject.role, subject.device?.topics ?? {}, action, text);
}

/** Whether a message on this topic could be for one of the subscriptions that ThingsBoard would grant. */
export function mayReceive(subject: TopicSubject, text: string, topic: readonly string[]): boolean {
  return (
    mayUse(subject, 'subscribe', text) ||
    SUBSCRIBE_LEVELS.some((one) => matches(one, topic) && mayUse(subject, 'subscribe', one.filter))
  );
}

/** The plain topics of ThingsBoard that the holder may publish to; others have numbers or a profile's wildcards in them. */
export function knownPublishTopics(subject: TopicSubject): string[] {
  const own = (topics: ProfileTopics) => [topics.telemetry, topics.attributes];
  return asked(subject, 'publish', PUBLISH, own).filter(isTopicName);
}

/** The filters of ThingsBoard that the holder may subscribe to. */
export function knownSubscribeFilters(subject: TopicSubject): string[] {
  const own = (topics: ProfileTopics) => [topics.attributesSubscribe];
  return asked(subject, 'subscribe', SUBSCRIBE, own).filter((text) => readTopicFilter(text) !== undefined);
}

function asked(
  subject: TopicSubject,
  action: 'publish' | 'subscribe',
  texts: readonly string[],
  own: (topics: ProfileTopics) => readonly (string | undefined)[],
): string[] {
  const custom = own(subject.device?.topics ?? {}).filter((text) => text !== undefined);
  return [...new Set([...texts, ...custom])].filter((text) => mayUse(subject, action, text));
}
