import type { Dialect } from '../../brokers/dialect.ts';
import type { FormSettings } from '../../engine/certificates/forms/form.ts';
import { HEADER_FORMS } from '../../engine/certificates/forms/registry.ts';
import { type EnabledForm, enableForms } from '../../engine/certificates/header-certificates.ts';

/**
 * Switches a dialect's forms on, as configured.
 * @throws {Error} with a sentence for the operator: for a form that this dialect cannot bring, naming those that it can.
 */
export function enableFormsOf(
  dialect: Dialect,
  forms: ReadonlySet<string>,
  settings: ReadonlyMap<string, FormSettings>,
): EnabledForm[] {
  const { body = [], headers = false } = dialect.certificateForms ?? {};
  const inHeaders: { name: string; settings: FormSettings }[] = [];
  for (const name of forms) {
    if (body.includes(name)) continue;
    if (headers && HEADER_FORMS.has(name)) {
      inHeaders.push({ name, settings: settings.get(name) ?? {} });
      continue;
    }
    const known = [...body, ...(headers ? HEADER_FORMS.keys() : [])];
    const choice = known.length === 0 ? 'it brings no certificates' : `it brings ${known.join(', ')}`;
    throw new Error(`${dialect.broker} cannot bring certificates as ${name}; ${choice}`);
  }
  return enableForms(inHeaders);
}
