/**
 * Where ThingPass answers differently from ThingsBoard on purpose: rules, never lists of cases. Each is used by name in
 * the vector tests, which count the cases it covers and assert the stricter answer instead.
 */
export const DIFFERENCES = {
  unpaired_surrogate:
    'Java hashes an unpaired surrogate as "?", so two different texts get one id; MQTT cannot carry it (MQTT 5 section 1.5.4). Ours are refused.',
} as const;

export type Difference = keyof typeof DIFFERENCES;
