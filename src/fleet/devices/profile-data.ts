import type { TransportType } from '../../model/device.ts';
import type { ProfileMqtt, StoredProvisioning } from './profile.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * `profile_data` with the parts of it that ThingPass knows put in (`engine/credentials/thingsboard.md` section 11). What else
 * ThingsBoard keeps there, such as alarms and payload formats, stays.
 */
export function writeProfileData(
  before: unknown,
  transportType: TransportType,
  mqtt: ProfileMqtt | undefined,
  provisioning: StoredProvisioning,
): Members {
  const data = members(before);
  return {
    configuration: { type: 'DEFAULT' },
    alarms: null,
    ...data,
    transportConfiguration: transport(members(data.transportConfiguration), transportType, mqtt ?? {}),
    provisionConfiguration: provisioning.configuration,
  };
}

function transport(before: Members, type: TransportType, mqtt: ProfileMqtt): Members {
  const kept = before.type === type ? before : {};
  if (type !== 'MQTT') return { ...kept, type };
  const settings = {
    ...PLAIN_MQTT,
    ...kept,
    type,
    deviceTelemetryTopic: mqtt.telemetryTopic ?? PLAIN_MQTT.deviceTelemetryTopic,
    deviceAttributesTopic: mqtt.attributesTopic ?? PLAIN_MQTT.deviceAttributesTopic,
    deviceAttributesSubscribeTopic:
      mqtt.attributesSubscribeTopic ?? PLAIN_MQTT.deviceAttributesSubscribeTopic,
    sparkplug: mqtt.sparkplug ?? false,
  };
  return settings;
}

/** As ThingsBoard's own user interface writes them. */
const PLAIN_MQTT = {
  deviceTelemetryTopic: 'v1/devices/me/telemetry',
  deviceAttributesTopic: 'v1/devices/me/attributes',
  deviceAttributesSubscribeTopic: 'v1/devices/me/attributes',
  transportPayloadTypeConfiguration: { transportPayloadType: 'JSON' },
};

/** The MQTT settings that differ from ThingsBoard's defaults; `undefined` for profiles of other transports. */
export function readMqtt(data: unknown): ProfileMqtt | undefined {
  const configuration = members(members(data).transportConfiguration);
  if (configuration.type !== 'MQTT') return undefined;
  const topic = (name: keyof typeof PLAIN_MQTT): string | undefined => {
    const value = configuration[name];
    return typeof value === 'string' && value !== '' && value !== PLAIN_MQTT[name] ? value : undefined;
  };
  return {
    telemetryTopic: topic('deviceTelemetryTopic'),
    attributesTopic: topic('deviceAttributesTopic'),
    attributesSubscribeTopic: topic('deviceAttributesSubscribeTopic'),
    sparkplug: configuration.sparkplug === true,
  };
}

/** `provisionConfiguration`, as far as it holds texts and flags. */
export function readProvisionConfiguration(data: unknown): StoredProvisioning['configuration'] {
  const entries = Object.entries(members(members(data).provisionConfiguration));
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, string | boolean] =>
        typeof entry[1] === 'string' || typeof entry[1] === 'boolean',
    ),
  );
}

function members(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}
