/**
 * Where ThingPass answers differently from ThingsBoard on purpose: rules, never lists of cases. Each is used by name in
 * the vector tests, which count the cases it covers and assert the stricter answer instead.
 */
const DIFFERENCES = {
  unpaired_surrogate:
    'Java hashes an unpaired surrogate as "?", so two different texts get one id; MQTT cannot carry it (MQTT 5 section 1.5.4). Ours are refused.',
  nothing_for_the_refused:
    'ThingsBoard provisions during the TLS handshake, so an expired leaf or a profile of another transport creates a device and is refused at CONNECT. Ours create and renew nothing for a client that is refused.',
  chain_must_hold:
    'ThingsBoard looks at a chain’s signatures only, so anything may stand as an authority. Ours must be one (CA:TRUE), or the chain is refused.',
  pattern_in_linear_time:
    'ThingsBoard searches common names with Java’s engine, which backtracks and can be kept busy for ever. Ours is RE2: a pattern that looks around, refers to a group or is possessive, and a few that RE2 reads otherwise than Java, are refused when they are saved, and one that is stored already admits nobody.',
} as const;

export type Difference = keyof typeof DIFFERENCES;
