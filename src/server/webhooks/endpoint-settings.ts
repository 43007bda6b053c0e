import type { Dialect, EndpointSettings } from '../../brokers/dialect.ts';
import type { BrokerConfig } from '../../config/config.ts';
import { HEADER_FORMS } from '../../engine/certificates/forms/registry.ts';
import { type EnabledForm, enableForms } from '../../engine/certificates/header-certificates.ts';
import { configInvalid } from '../../model/errors.ts';

/**
 * By what a dialect's endpoints read and decide: how the operator has set the broker up, and what the dialect can carry.
 * @throws {ThingPassError} `config_invalid` for a form of certificates that this dialect cannot bring, naming those that it can.
 */
export function endpointSettings(dialect: Dialect, settings: BrokerConfig): EndpointSettings {
  const { carriesPassport = false, sendsAclAtConnect = false, trustsPeerAddress } = dialect;
  return {
    ...settings,
    carriesPassport,
    sendsAclAtConnect,
    trustsPeerAddress,
    headerForms: headerFormsOf(dialect, settings),
    nameSource: dialect.certificateForms?.names,
  };
}

/** The enabled forms that come in headers; those of bodies are the dialect's own to read. */
function headerFormsOf(dialect: Dialect, { certificateForms, formSettings }: BrokerConfig): EnabledForm[] {
  const { body = [], headers = false } = dialect.certificateForms ?? {};
  const inHeaders = [...certificateForms].filter((name) => !body.includes(name));
  for (const name of inHeaders) {
    if (headers && HEADER_FORMS.has(name)) continue;
    const known = [...body, ...(headers ? HEADER_FORMS.keys() : [])];
    const choice = known.length === 0 ? 'it brings no certificates' : `it brings ${known.join(', ')}`;
    throw configInvalid([
      `THINGPASS_CERTIFICATE_FORMS: ${dialect.broker} cannot bring certificates as ${name}; ${choice}`,
    ]);
  }
  return enableForms(inHeaders.map((name) => ({ name, settings: formSettings.get(name) ?? {} })));
}
