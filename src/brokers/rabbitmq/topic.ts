/**
 * MQTT topics as RabbitMQ's exchange knows them (`rabbitmq.md` section 3): `/` is `.`, then `+` is `*`; `#` stays.
 *
 * The way back is ambiguous: a `.` inside a level looks like `/`. RabbitMQ itself routes and delivers by the key, so what
 * is judged is the topic as subscribers see it, which is what the key says.
 */

/** With `mqtt.sparkplug` the dot of the version is kept apart from the levels: `spBv1.0/…` has the key `spBv1___0.…`. */
const SPARKPLUG_VERSION = /^(sp[AB]v\d+)___(\d+)(?=\.)/;

/**
 * The topic name of a publish. A `*` stays: RabbitMQ takes it for a letter in a message's key, and accepts
 * a PUBLISH to a topic with such a level (section 3).
 */
export function publishedTopic(routingKey: string): string {
  return levelsOf(routingKey).join('/');
}

/** The topic filter of a subscription; only a level that is `*` and nothing else matches anything but itself. */
export function subscribedFilter(routingKey: string): string {
  return levelsOf(routingKey)
    .map((level) => (level === '*' ? '+' : level))
    .join('/');
}

function levelsOf(routingKey: string): string[] {
  const version = SPARKPLUG_VERSION.exec(routingKey);
  if (version === null) return routingKey.split('.');
  const others = routingKey.slice(version[0].length + 1).split('.');
  return [`${version[1]}.${version[2]}`, ...others];
}
