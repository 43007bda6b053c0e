import { type Allow, type Deny, type DenyReason, deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../model/peer-certificate.ts';
import type { ClientClaim } from '../../model/question.ts';
import type { BrokerSettings, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { nameInUsername } from '../name-in-username.ts';
import { readBody, readFields } from '../read-fields.ts';

/** How RabbitMQ's requests say who the client is. Section numbers are of `rabbitmq.md`. */

/** `ssl_cert_login_from = common_name` or `subject_alternative_name`: the user name is the certificate's one name. */
export const RABBITMQ_NAME = 'rabbitmq_name';
/** `ssl_cert_login_from = distinguished_name`, which is RabbitMQ's default: the user name is the whole subject. */
export const RABBITMQ_DN = 'rabbitmq_dn';

const LOGIN_FORMS = { commonName: RABBITMQ_NAME, subject: RABBITMQ_DN } as const;

/**
 * The tag that /user gives to a client that came by certificate. RabbitMQ repeats it in every later request (section 1),
 * where nothing else tells a certificate's name from a user name that belongs to a password. One tag for all: tags become
 * atoms, which Erlang never frees (section 2).
 */
export const CERTIFICATE_TAG = 'thingpass_certificate';

/**
 * The tag of a client that proved its client id and user name at /user, given where certificates log in too: without it,
 * nobody knows that such a name is not what a certificate client says of itself.
 */
export const PASSWORD_TAG = 'thingpass_password';

/**
 * What stands for the listener of certificate logins, since RabbitMQ names none. Each of them was verified, so an operator
 * may declare them so (`rabbitmq:certificate_login`) and leave tokens and passwords to the others.
 */
export const CERTIFICATE_LOGIN = 'certificate_login';

/** The fields: of the query for GET, of the body for POST, whose query is the path's own (section 1). */
export function rabbitmqFields(request: WebhookRequest): Fields {
  return request.method === 'GET' ? readFields(request) : readBody(request);
}

/**
 * Text of a field that is looked up or compared.
 * @throws {ThingPassError} `request_unreadable` when it is absent, or its bytes are not UTF-8: their text would be that of
 *   other bytes, too.
 */
export function requiredUtf8(fields: Fields, name: string): string {
  const text = optionalUtf8(fields, name);
  if (text === undefined) throw new ThingPassError('request_unreadable', `field ${name} is missing`);
  return text;
}

/** As {@link requiredUtf8}, but it may be absent. */
export function optionalUtf8(fields: Fields, name: string): string | undefined {
  const field = fields.get(name);
  if (typeof field === 'object' && 'bytes' in field) {
    throw new ThingPassError('request_unreadable', `field ${name} is not UTF-8`);
  }
  return fields.text(name);
}

/** A refusal by this dialect; with what was found out about the client, where anything was. */
export function refusal(reason: DenyReason, detail: string, client?: Allow): Deny {
  return deny(reason, [...(client?.steps ?? []), { step: 'rabbitmq', detail }]);
}

/** The user name of a certificate login (section 4). */
export function namedCertificate(text: string, settings: BrokerSettings): PresentedCertificate | Deny {
  return (
    nameInUsername(text, LOGIN_FORMS, settings) ??
    refusal(
      'certificate_name_not_enabled',
      `a certificate login: neither ${RABBITMQ_NAME} nor ${RABBITMQ_DN} is switched on`,
    )
  );
}

/**
 * Who asks, after the CONNECT: by the certificate's name where the tag says so, else by the client id and user name, with
 * the tag for those that were proved.
 * @param clientIdField `client_id`, or where the topic request has it (section 1).
 * @returns a `Deny` for a certificate's name that is not believed (any more).
 */
export function readClaim(
  fields: Fields,
  clientIdField: string,
  settings: BrokerSettings,
): ClientClaim | Deny {
  const username = requiredUtf8(fields, 'username');
  const clientId = optionalUtf8(fields, clientIdField) ?? '';
  const ip = fields.filled('ip');
  const client = { broker: 'rabbitmq', clientId, peerAddress: ip === 'unknown' ? undefined : ip } as const;
  const tags = fields.text('tags')?.split(' ') ?? [];
  if (!tags.includes(CERTIFICATE_TAG)) {
    const provedItsNames = tags.includes(PASSWORD_TAG);
    return { username, certificate: NO_CERTIFICATE, provedItsNames, ...client };
  }
  const certificate = namedCertificate(username, settings);
  return 'outcome' in certificate ? certificate : { certificate, listener: CERTIFICATE_LOGIN, ...client };
}
