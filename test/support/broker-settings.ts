import type { BrokerSettings } from '../../src/brokers/dialect.ts';

/** A broker for which nothing is switched on. */
export const PLAIN_SETTINGS: BrokerSettings = Object.freeze({
  noOpinionOnUnknown: false,
  perDeviceMountpoint: false,
  provisionSessions: false,
  certificateForms: new Set<string>(),
});
