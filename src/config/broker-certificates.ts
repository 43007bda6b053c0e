import {
  CERTIFICATE_NAME_USES,
  type CertificateNameUse,
} from '../engine/credentials/certificate/certificate-names.ts';
import type { CertificateSettings } from '../engine/deciding/decider.ts';
import { BROKER_NAMES, type BrokerName } from '../model/question.ts';

/** The parts of the three settings as they were written. */
export interface CertificateSettingsText {
  /** `broker` or `broker:listener`. */
  readonly only: readonly string[];
  /** `broker:form`. */
  readonly unchecked: readonly string[];
  /** `broker:credential` or `broker:device_name`. */
  readonly names: readonly string[];
  /** The forms that are enabled. */
  readonly forms: (broker: BrokerName) => ReadonlySet<string>;
}

/**
 * Reads `THINGPASS_CERTIFICATE_ONLY_LISTENERS`, `THINGPASS_UNCHECKED_CERTIFICATES` and `THINGPASS_CERTIFICATE_NAMES`, and says
 * what of them could do nothing or too much.
 */
export function readCertificateSettings(
  { only, unchecked, names, forms }: CertificateSettingsText,
  problems: string[],
): (broker: BrokerName) => CertificateSettings {
  const listeners = byBroker(
    'THINGPASS_CERTIFICATE_ONLY_LISTENERS',
    'broker or broker:listener',
    only,
    problems,
  );
  const believed = byBroker('THINGPASS_UNCHECKED_CERTIFICATES', 'broker:form', unchecked, problems);
  const uses = byBroker(
    'THINGPASS_CERTIFICATE_NAMES',
    'broker:credential or broker:device_name',
    names,
    problems,
  );
  return (broker) => {
    const declared = listeners.get(broker) ?? [];
    const unverified = believed.get(broker) ?? [];
    for (const form of unverified) {
      if (form !== undefined && forms(broker).has(form)) continue;
      problems.push(
        `THINGPASS_UNCHECKED_CERTIFICATES: ${broker}:${form ?? ''} is not in THINGPASS_CERTIFICATE_FORMS`,
      );
    }
    const certificateNames = nameUse(broker, uses.get(broker) ?? [], declared, problems);
    return {
      uncheckedCertificateForms: new Set(unverified.filter((form) => form !== undefined)),
      certificateOnly: (listener) =>
        declared.includes(undefined) || (listener !== undefined && declared.includes(listener)),
      certificateNames,
    };
  };
}

/** Each part's second half by its first; a listener may itself have colons (`ssl:default`). */
function byBroker(
  setting: string,
  shape: string,
  parts: readonly string[],
  problems: string[],
): Map<BrokerName, (string | undefined)[]> {
  const found = new Map<BrokerName, (string | undefined)[]>();
  for (const part of parts) {
    const [, name = '', rest] = /^([^:]*)(?::(.+))?$/.exec(part) ?? [];
    const broker = BROKER_NAMES.find((one) => one === name);
    if (broker === undefined) problems.push(`${setting}: "${part}" is not ${shape}`);
    else found.set(broker, [...(found.get(broker) ?? []), rest]);
  }
  return found;
}

function nameUse(
  broker: BrokerName,
  texts: readonly (string | undefined)[],
  listeners: readonly (string | undefined)[],
  problems: string[],
): CertificateNameUse {
  const setting = 'THINGPASS_CERTIFICATE_NAMES';
  const [text, ...others] = texts;
  if (texts.length === 0) return 'off';
  const use = CERTIFICATE_NAME_USES.find((one) => one === text);
  if (use === undefined || others.length > 0) {
    problems.push(`${setting}: ${broker} needs one of ${CERTIFICATE_NAME_USES.join(', ')}`);
    return 'off';
  }
  if (use === 'off') return use;
  if (listeners.length === 0) {
    problems.push(
      `${setting} names ${broker}, which has no listener in THINGPASS_CERTIFICATE_ONLY_LISTENERS: a name is worth nothing unless a verified certificate stands behind it`,
    );
  }
  // Its names are those of the TLS connection or empty, and a plain listener's requests look alike.
  if (broker === 'nanomq' && listeners.includes(undefined)) {
    problems.push(
      'THINGPASS_CERTIFICATE_ONLY_LISTENERS: with names of certificates, nanomq needs the ports of its listeners, such as nanomq:8883 (its sockport)',
    );
  }
  return use;
}
