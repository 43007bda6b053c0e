import type { ProfileTopics } from '../../model/device-identity.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { matches } from './matching.ts';
import { decideThingsBoardTopic } from './thingsboard-topics.ts';
import { isTopicName, readTopicFilter } from './topic.ts';

/**
 * Lists topics of ThingsBoard's table for brokers. The table itself (`thingsboard-topics.ts`) only decides about
 * one text; this file contains the texts worth asking about. Every listed text was accepted by the table, so a list
 * is never wider.
 */

/**
 * Texts that ThingsBoard may accept although they are not its own on a broker: `$` trees except Sparkplug's
 * (`engine/credentials/thingsboard.md` section 9.4), `devices/<device id>`, and any topic that contains a request for a
 * firmware chunk, for which ThingsBoard searches without anchors (section 9.1).
 */
const OUTSIDE_THINGSBOARD = /^(?:\$(?!sparkplug\/)|devices\/[0-9a-f]{8}-[0-9a-f-]{27}(?:\/|$))/i;
const CHUNK_REQUEST = /v2\/[fs]w\/request\//i;
const SHORT_FORM = /^v2\//i;

function isOutsideThingsBoard(text: string): boolean {
  return OUTSIDE_THINGSBOARD.test(text) || (CHUNK_REQUEST.test(text) && !SHORT_FORM.test(text));
}

/** `engine/credentials/thingsboard.md` sections 9.1 and 9.3, the topics without a number. */
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
 * Publish topics that end in a number: as a filter, which is wider than the table, and as a pattern, which is not,
 * because numbers of up to nine digits fit Java's 32 bits. Used only for roles that may publish to the topic with
 * the number 1.
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
 * Whether ThingsBoard would accept this publish or grant this subscription. It never grants `$share/…`.
 *
 * Stricter than ThingsBoard where a profile's topic, such as `#`, reaches beyond ThingsBoard's own topics. In
 * ThingsBoard that affects nobody else; on a broker it would include `$` topics and the devices' own namespaces,
 * which only rules may give.
 */
export function mayUse(subject: TopicSubject, action: 'publish' | 'subscribe', text: string): boolean {
  if (isOutsideThingsBoard(text)) return false;
  return decideThingsBoardTopic(subject.role, subject.device?.topics ?? {}, action, text);
}

/** Whether a subscription that ThingsBoard would grant matches this topic. */
export function mayReceive(subject: TopicSubject, text: string, topic: readonly string[]): boolean {
  return (
    mayUse(subject, 'subscribe', text) ||
    SUBSCRIBE_LEVELS.some((one) => matches(one, topic) && mayUse(subject, 'subscribe', one.filter))
  );
}

/**
 * ThingsBoard's plain topics to which the subject may publish; the others contain numbers or a profile's wildcards.
 */
export function knownPublishTopics(subject: TopicSubject): string[] {
  const own = (topics: ProfileTopics) => [topics.telemetry, topics.attributes];
  return acceptedTexts(subject, 'publish', PUBLISH, own).filter(isTopicName);
}

/** ThingsBoard's filters to which the subject may subscribe. */
export function knownSubscribeFilters(subject: TopicSubject): string[] {
  const own = (topics: ProfileTopics) => [topics.attributesSubscribe];
  return acceptedTexts(subject, 'subscribe', SUBSCRIBE, own).filter(
    (text) => readTopicFilter(text) !== undefined,
  );
}

function acceptedTexts(
  subject: TopicSubject,
  action: 'publish' | 'subscribe',
  texts: readonly string[],
  own: (topics: ProfileTopics) => readonly (string | undefined)[],
): string[] {
  const custom = own(subject.device?.topics ?? {}).filter((text) => text !== undefined);
  return [...new Set([...texts, ...custom])].filter((text) => mayUse(subject, action, text));
}
