import type { ServerResponse } from 'node:http';
import type { Dialect } from '../../brokers/dialect.ts';
import type { HttpRequest } from '../../brokers/http-request.ts';
import { DIALECTS } from '../../brokers/registry.ts';
import { type BrokerConfig, ConfigError } from '../../config/config.ts';
import type { EnabledForm } from '../../engine/certificates/header-certificates.ts';
import { enableFormsOf } from './check-forms.ts';
import { Webhook, type WebhookParts } from './webhook.ts';

/** Before the path of a webhook, with the broker's secret: for brokers that can send it no other way. */
const SECRET_PREFIX = '/k/';

/**
 * Every webhook of every dialect, by method and path.
 *
 * They stand before the framework: a router, hooks, body parsers and replies for everybody cost half as much again as
 * reading the request and deciding. What is not theirs is left to it.
 */
export class Webhooks {
  /** By path, then by method. */
  readonly #webhooks = new Map<string, Record<string, Webhook | undefined>>();
  #requests = 0;

  /** @throws {ConfigError} where a broker is set up as its dialect cannot be. */
  constructor(parts: WebhookParts) {
    for (const dialect of DIALECTS) {
      const settings = parts.brokers[dialect.broker];
      refuseMounting(dialect, settings);
      const headerForms = formsFor(dialect, settings);
      for (const endpoint of dialect.endpoints) {
        const webhook = new Webhook(dialect, endpoint, headerForms, parts);
        const { path, methods } = endpoint;
        const atPath = this.#webhooks.get(path) ?? Object.create(null);
        for (const method of methods) atPath[method] = webhook;
        this.#webhooks.set(path, atPath);
      }
    }
  }

  /** Answers a request to a webhook. @returns false for any other request, which is left as it is. */
  take(request: HttpRequest, response: ServerResponse): boolean {
    const { url = '', method = '' } = request;
    const mark = url.indexOf('?');
    let path = mark === -1 ? url : url.slice(0, mark);
    let secret: string | undefined;
    if (path.startsWith(SECRET_PREFIX)) {
      const end = path.indexOf('/', SECRET_PREFIX.length);
      if (end === -1) return false;
      secret = decoded(path.slice(SECRET_PREFIX.length, end));
      path = path.slice(end);
    }
    const webhook = this.#webhooks.get(path)?.[method];
    if (webhook === undefined) return false;
    webhook.answer(request, response, ++this.#requests, secret);
    return true;
  }
}

/** What is no percent-encoding is no secret either. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

/** @throws {ConfigError} where devices would be granted topics that the broker cannot keep apart. */
function refuseMounting({ broker, canMountPerDevice }: Dialect, settings: BrokerConfig): void {
  if (!settings.perDeviceMountpoint || canMountPerDevice) return;
  throw new ConfigError([
    `THINGPASS_MOUNTED_BROKERS names ${broker}, which has one topic tree for all: a device that may subscribe to v1/devices/me/… there would read everybody’s messages`,
  ]);
}

/** @throws {ConfigError} for a form that the dialect cannot bring. */
function formsFor(dialect: Dialect, broker: BrokerConfig): readonly EnabledForm[] {
  try {
    return enableFormsOf(dialect, broker.certificateForms, broker.formSettings);
  } catch (error) {
    throw new ConfigError([`THINGPASS_CERTIFICATE_FORMS: ${(error as Error).message}`]);
  }
}
