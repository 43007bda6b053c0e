import type { ProfileTopics, Role } from '../decision.ts';
import { isJavaInteger } from './java-integer.ts';
import { profileFilter } from './profile-filter.ts';

/**
 * What ThingsBoard does with a publish (`credentials/thingsboard.md` sections 9.1, 9.3 and 9.6): `id_invalid` where the
 * number in the topic is none, `ignored` where there is no answer at all, `closed` where the connection is.
 */
export type PublishOutcome = 'accepted' | 'topic_invalid' | 'id_invalid' | 'ignored' | 'closed';

const TELEMETRY = 'v1/devices/me/telemetry';
const ATTRIBUTES = 'v1/devices/me/attributes';
const GATEWAY = 'v1/gateway';

/** Publish topics that end in a number, in the order in which ThingsBoard looks, with what a bad number leads to. */
const NUMBERED: readonly (readonly [prefix: string, badNumber: PublishOutcome])[] = [
  ['v1/devices/me/attributes/request/', 'id_invalid'],
  ['v1/devices/me/rpc/response/', 'id_invalid'],
  ['v1/devices/me/rpc/request/', 'closed'],
  ...withFormats('v2/a/req/', 'id_invalid'),
  ...withFormats('v2/r/res/', 'id_invalid'),
  ...withFormats('v2/r/req/', 'closed'),
];

function withFormats(prefix: string, badNumber: PublishOutcome): (readonly [string, PublishOutcome])[] {
  return [`${prefix}j/`, `${prefix}p/`, prefix].map((one) => [one, badNumber]);
}

const PUBLISH: ReadonlySet<string> = new Set([
  'v1/devices/me/claim',
  ...['v2/t', 'v2/a'].flatMap((topic) => [topic, `${topic}/j`, `${topic}/p`]),
]);

/** Searched, not matched as a whole: a longer topic that contains this is accepted too. */
const CHUNK_REQUEST = /v2\/[fs]w\/request\/\d+\/chunk\/(\d+)/;

const GATEWAY_PUBLISH: ReadonlySet<string> = new Set(
  ['connect', 'disconnect', 'telemetry', 'attributes', 'attributes/request', 'rpc', 'claim'].map(
    (what) => `${GATEWAY}/${what}`,
  ),
);

/** Filters that every device may subscribe to, by their exact text; the gateway's three are granted to all. */
const SUBSCRIBE: ReadonlySet<string> = new Set([
  ATTRIBUTES,
  `${ATTRIBUTES}/response/+`,
  'v1/devices/me/rpc/request/+',
  'v1/devices/me/rpc/response/+',
  ...['v2/a', 'v2/a/j', 'v2/a/p'],
  ...['v2/a/res', 'v2/r/req', 'v2/r/res'].flatMap((topic) => [`${topic}/+`, `${topic}/j/+`, `${topic}/p/+`]),
  ...['v2/fw', 'v2/sw'].flatMap((topic) => [`${topic}/response/+/chunk/+`, `${topic}/error`]),
  ...['attributes', 'rpc', 'attributes/response'].map((what) => `${GATEWAY}/${what}`),
]);

const PROVISION_REQUEST = '/provision/request';
const PROVISION_RESPONSE = '/provision/response';

/** Node and device messages of Sparkplug; group and node are not compared with anything (section 9.4). */
const SPARKPLUG =
  /^(?:\$sparkplug\/certificates\/)?spBv1\.0\/(?:[^/]+\/N(?:BIRTH|CMD|DATA|DEATH)\/[^/]+|[^/]+\/D(?:BIRTH|CMD|DATA|DEATH)\/[^/]+\/[^/]+|STATE\/[^/]+|[^/]+\/NRECORD\/[^/]+|[^/]+\/DRECORD\/[^/]+\/[^/]+)$/;

/** Whether ThingsBoard's table lets this role publish to the topic, or grants the filter of this very text. */
export function decideThingsBoardTopic(
  role: Role,
  topics: ProfileTopics,
  action: 'publish' | 'subscribe',
  topic: string,
): boolean {
  return action === 'publish'
    ? publishOutcome(role, topics, topic) === 'accepted'
    : grantsSubscription(role, topics, topic);
}

/**
 * What becomes of a publish, in ThingsBoard's order: gateway prefix, custom topics, the fixed ones (section 9.2). Wildcards
 * never get here: MQTT's decoder closes the connection (section 9.6).
 */
export function publishOutcome(role: Role, topics: ProfileTopics, topic: string): PublishOutcome {
  switch (role) {
    case 'provisioning_session':
      return topic === PROVISION_REQUEST ? 'accepted' : 'topic_invalid';
    case 'sparkplug_node':
      return SPARKPLUG.test(topic) ? 'accepted' : 'topic_invalid';
    case 'gateway':
      if (topic.startsWith(GATEWAY)) return GATEWAY_PUBLISH.has(topic) ? 'accepted' : 'topic_invalid';
      return publishOfDevice(topics, topic);
    case 'device':
      return topic.startsWith(GATEWAY) ? 'ignored' : publishOfDevice(topics, topic);
  }
}

function publishOfDevice(topics: ProfileTopics, topic: string): PublishOutcome {
  if (isMeant(topics.attributes ?? ATTRIBUTES, topic)) return 'accepted';
  if (isMeant(topics.telemetry ?? TELEMETRY, topic)) return 'accepted';
  if (PUBLISH.has(topic)) return 'accepted';
  for (const [prefix, badNumber] of NUMBERED) {
    if (topic.startsWith(prefix)) return isJavaInteger(topic.slice(prefix.length)) ? 'accepted' : badNumber;
  }
  const chunk = CHUNK_REQUEST.exec(topic)?.[1];
  if (chunk === undefined) return 'topic_invalid';
  return isJavaInteger(chunk) ? 'accepted' : 'closed';
}

function grantsSubscription(role: Role, topics: ProfileTopics, filter: string): boolean {
  if (role === 'provisioning_session') return filter === PROVISION_RESPONSE;
  const ownAttributes = topics.attributesSubscribe ?? ATTRIBUTES;
  if (role === 'sparkplug_node') return isMeant(ownAttributes, filter);
  return SUBSCRIBE.has(filter) || isMeant(ownAttributes, filter);
}

/** A custom topic that cannot be used means nothing. */
function isMeant(filter: string, text: string): boolean {
  return filter === text || (profileFilter(filter)?.(text) ?? false);
}
