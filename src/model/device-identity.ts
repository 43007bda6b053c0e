/** As what ThingsBoard treats a client. */
export type Role = 'device' | 'gateway' | 'sparkplug_node' | 'provisioning_session';

/** The device that a decision found, as far as rules, answers and logs need it. */
export interface DeviceIdentity {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly profileId: string;
  readonly profileName: string;
  /** ThingsBoard's MQTT settings of the profile; absent parts mean ThingsBoard's defaults. */
  readonly topics: ProfileTopics;
}

/** `profile_data.transportConfiguration` of an MQTT profile (`engine/credentials/thingsboard.md` sections 9.2 and 11). */
export interface ProfileTopics {
  readonly telemetry?: string | undefined;
  readonly attributes?: string | undefined;
  readonly attributesSubscribe?: string | undefined;
}
