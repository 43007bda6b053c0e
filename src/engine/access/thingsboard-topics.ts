import type { ProfileTopics, Role } from '../../model/device-identity.ts';
import { profileFilter } from './profile-filter.ts';

/**
 * What ThingsBoard does with a publish (`engine/credentials/thingsboard.md` sections 9.1, 9.3, 9.4 and 9.6). `id_invalid`:
 * the topic's number is invalid (or a Sparkplug node's topic is not one of Sparkplug's; the client gets the same
 * answer). `ignored`: there is no answer. `closed`: the connection is closed.
 * @internal
 */
export type PublishOutcome = 'accepted' | 'topic_invalid' | 'id_invalid' | 'ignored' | 'closed';

const TELEMETRY = 'v1/devices/me/telemetry';
const ATTRIBUTES = 'v1/devices/me/attributes';
const GATEWAY = 'v1/gateway';

type Numbered = readonly (readonly [prefix: string, badNumber: PublishOutcome])[];

/** Publish topics that end in a number, in ThingsBoard's order, with the outcome of an invalid number. */
const NUMBERED: Numbered = [
  ['v1/devices/me/attributes/request/', 'id_invalid'],
  ['v1/devices/me/rpc/response/', 'id_invalid'],
  ['v1/devices/me/rpc/request/', 'closed'],
];

const NUMBERED_SHORT: Numbered = [
  ...withFormats('v2/r/res/', 'id_invalid'),
  ...withFormats('v2/r/req/', 'closed'),
  ...withFormats('v2/a/req/', 'id_invalid'),
];

function withFormats(prefix: string, badNumber: PublishOutcome): (readonly [string, PublishOutcome])[] {
  return [`${prefix}j/`, `${prefix}p/`, prefix].map((one) => [one, badNumber]);
}

const PUBLISH: ReadonlySet<string> = new Set([
  'v1/devices/me/claim',
  ...['v2/t', 'v2/a'].flatMap((topic) => [topic, `${topic}/j`, `${topic}/p`]),
]);

/**
 * ThingsBoard searches for these inside the topic, before the short forms, so a longer topic that contains one is a
 * request for a chunk. Firmware is checked before software, regardless of position.
 */
const CHUNK_REQUESTS = [/v2\/fw\/request\/\d+\/chunk\/(\d+)/, /v2\/sw\/request\/\d+\/chunk\/(\d+)/] as const;

const GATEWAY_PUBLISH: ReadonlySet<string> = new Set(
  ['connect', 'disconnect', 'telemetry', 'attributes', 'attributes/request', 'rpc', 'claim'].map(
    (what) => `${GATEWAY}/${what}`,
  ),
);

/** Filters to which every device may subscribe, compared exactly. The gateway's three are granted to all devices. */
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

const SPARKPLUG_CERTIFICATES = '$sparkplug/certificates/';

/**
 * Node and device messages of Sparkplug. Group and node are not compared with the device (section 9.4). Java's
 * `split` drops the empty part after a final slash.
 */
const SPARKPLUG =
  /^spBv1\.0\/[^/]+\/(?:N(?:BIRTH|CMD|DATA|DEATH)\/[^/]+|D(?:BIRTH|CMD|DATA|DEATH)\/[^/]+\/[^/]+)\/?$/;

/** ThingsBoard parses these and ignores them: hosts report their own state, and records are not stored. */
const SPARKPLUG_IGNORED = /^spBv1\.0\/(?:STATE\/[^/]+|[^/]+\/(?:NRECORD\/[^/]+|DRECORD\/[^/]+\/[^/]+))\/?$/;

/** Whether ThingsBoard's table lets this role publish to the topic, or subscribe to exactly this filter. */
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
 * The outcome of a publish, in ThingsBoard's order: gateway prefix, custom topics, fixed topics (section 9.2).
 * Topics with wildcards never get here, because MQTT's decoder closes the connection (section 9.6).
 * @internal
 */
export function publishOutcome(role: Role, topics: ProfileTopics, topic: string): PublishOutcome {
  switch (role) {
    case 'provisioning_session':
      return topic === PROVISION_REQUEST ? 'accepted' : 'topic_invalid';
    case 'sparkplug_node':
      return topic.startsWith(GATEWAY) ? 'ignored' : publishOfSparkplugNode(topic);
    case 'gateway':
      if (topic.startsWith(GATEWAY)) return GATEWAY_PUBLISH.has(topic) ? 'accepted' : 'topic_invalid';
      return publishOfDevice(topics, topic);
    case 'device':
      return topic.startsWith(GATEWAY) ? 'ignored' : publishOfDevice(topics, topic);
  }
}

function publishOfDevice(topics: ProfileTopics, topic: string): PublishOutcome {
  if (matchesTopic(topics.attributes, ATTRIBUTES, topic)) return 'accepted';
  if (matchesTopic(topics.telemetry, TELEMETRY, topic)) return 'accepted';
  return publishOfNumbered(NUMBERED, topic) ?? publishOfChunkRequest(topic) ?? publishOfShortForm(topic);
}

function publishOfNumbered(numbered: Numbered, topic: string): PublishOutcome | undefined {
  for (const [prefix, badNumber] of numbered) {
    if (topic.startsWith(prefix)) return isJavaInteger(topic.slice(prefix.length)) ? 'accepted' : badNumber;
  }
  return undefined;
}

function publishOfChunkRequest(topic: string): PublishOutcome | undefined {
  for (const request of CHUNK_REQUESTS) {
    const chunk = request.exec(topic)?.[1];
    if (chunk !== undefined) return isJavaInteger(chunk) ? 'accepted' : 'closed';
  }
  return undefined;
}

function publishOfShortForm(topic: string): PublishOutcome {
  return PUBLISH.has(topic) ? 'accepted' : (publishOfNumbered(NUMBERED_SHORT, topic) ?? 'topic_invalid');
}

function publishOfSparkplugNode(topic: string): PublishOutcome {
  const message = topic.startsWith(SPARKPLUG_CERTIFICATES)
    ? topic.slice(SPARKPLUG_CERTIFICATES.length)
    : topic;
  if (SPARKPLUG.test(message)) return 'accepted';
  return SPARKPLUG_IGNORED.test(message) ? 'ignored' : 'id_invalid';
}

function grantsSubscription(role: Role, topics: ProfileTopics, filter: string): boolean {
  if (role === 'provisioning_session') return filter === PROVISION_RESPONSE;
  if (matchesTopic(topics.attributesSubscribe, ATTRIBUTES, filter)) return true;
  return role !== 'sparkplug_node' && SUBSCRIBE.has(filter);
}

/** A custom topic replaces the usual one; an unusable one matches nothing (section 9.2). */
function matchesTopic(custom: string | undefined, usual: string, text: string): boolean {
  return custom === undefined ? text === usual : (profileFilter(custom)?.(text) ?? false);
}

/** Whether Java's `Integer.parseInt` takes the text: a sign, digits of any script of the BMP, 32 bits. */
function isJavaInteger(text: string): boolean {
  if (!INTEGER.test(text) || /[\ud800-\udfff]/.test(text)) return false;
  const negative = text.startsWith('-');
  let value = 0;
  for (const digit of text.replace(/^[+-]/, '')) {
    value = value * 10 + digitValue(digit);
    if (value > MOST + 1) return false;
  }
  return negative ? -value >= LEAST : value <= MOST;
}

const INTEGER = /^[+-]?\p{Nd}+$/u;

const LEAST = -(2 ** 31);

const MOST = 2 ** 31 - 1;

/** Digits of a script stand together, zero first, ten by ten (Unicode Standard section 4.6). */
function digitValue(digit: string): number {
  const code = digit.charCodeAt(0);
  if (code < 0x80) return code - 0x30;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCharCode(first - 1))) first--;
  return (code - first) % 10;
}
