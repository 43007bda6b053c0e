import type { ProfileTopics } from '../../../model/device-identity.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';

/** What deciding needs of `profile_data.transportConfiguration`. */
export interface ProfileTransport {
  readonly topics: ProfileTopics;
  readonly sparkplug: boolean;
}

const DEFAULT_TRANSPORT: ProfileTransport = Object.freeze({ topics: Object.freeze({}), sparkplug: false });
const parsedTransports = new BoundedMap<string, ProfileTransport>(1_000);

/**
 * Reads the JSON text of `profile_data.transportConfiguration` (`thingsboard.md` sections 9.2 and 11). Only type MQTT has
 * topics; blank texts and unreadable JSON mean ThingsBoard's defaults. Profiles are few and their texts repeat in every
 * row, so what was read is kept, up to a bound.
 */
export function readProfileTransport(text: string | null): ProfileTransport {
  if (text === null) return DEFAULT_TRANSPORT;
  return parsedTransports.getOrMake(text, () => toProfileTransport(parseObject(text)));
}

function toProfileTransport(configuration: Record<string, unknown> | undefined): ProfileTransport {
  if (configuration?.type !== 'MQTT') return DEFAULT_TRANSPORT;
  return {
    topics: {
      telemetry: filled(configuration.deviceTelemetryTopic),
      attributes: filled(configuration.deviceAttributesTopic),
      attributesSubscribe: filled(configuration.deviceAttributesSubscribeTopic),
    },
    sparkplug: configuration.sparkplug === true,
  };
}

/** Java's blank: nothing above U+0020. */
function filled(value: unknown): string | undefined {
  return typeof value === 'string' && /[^\0-\x20]/.test(value) ? value : undefined;
}

/** `additional_info.gateway` by Jackson's `asBoolean`: true, a number other than 0, the text `true` (`thingsboard.md` section 9.3). */
export function isGateway(additionalInfo: string | null): boolean {
  if (additionalInfo === null || !additionalInfo.includes('gateway')) return false;
  const gateway = parseObject(additionalInfo)?.gateway;
  if (typeof gateway === 'number') return gateway !== 0;
  if (typeof gateway === 'string') return /^[\0-\x20]*true[\0-\x20]*$/.test(gateway);
  return gateway === true;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
