import {
  type ErrorOf,
  type FailureCode,
  isRefusal,
  isThingPassError,
  REFUSALS,
  type RefusalCode,
} from '../../model/errors.ts';

/**
 * What the API answers for each refusal (RFC 9457), once, for answers and for the documentation: the status, and what the title
 * means. The title is the refusal's sentence.
 */
export const PROBLEMS = {
  body_unreadable: [400, 'It is not JSON, or it is empty where JSON is expected.'],
  request_invalid: [
    400,
    'A part of the path, the query or the body is missing, unknown or of the wrong form; `errors` says which.',
  ],
  cursor_invalid: [400, 'Take it as it was given; a cursor belongs to its listing.'],
  key_missing: [401, 'Send `Authorization: Bearer <key>`; `thingpass api-key create` makes one.'],
  key_invalid: [401, 'It is unknown, revoked or expired.'],
  scope_missing: [403, '`scopes` lists the scopes of which it needs one.'],
  route_not_found: [404, 'The paths are listed at `/docs`.'],
  device_not_found: [404, 'Neither an id nor a name of a device.'],
  credentials_not_found: [404, 'They may have been replaced or revoked.'],
  profile_not_found: [404, 'Neither an id nor a name of a profile.'],
  rule_not_found: [404, 'Or the one to go before is for somebody else.'],
  deny_entry_not_found: [404, 'Nothing of this kind and value is on the deny list.'],
  ca_bundle_not_found: [404, 'Or this certificate is not in it.'],
  method_not_allowed: [405, 'The header `Allow` lists those it has.'],
  name_taken: [409, '`takenBy` names what has it.'],
  credentials_taken: [
    409,
    'A token, user name or certificate identifies one device; `takenBy` names the device that has it.',
  ],
  profile_in_use: [409, 'Give them another one first.'],
  provision_key_taken: [409, 'Or this certificate, which becomes the key.'],
  nodes_lag: [
    409,
    'They may know nothing but what is to be retired; `nodes` names them. Wait, forget nodes that are gone, or force it.',
  ],
  ca_bundle_would_be_empty: [409, 'Brokers do not start with an empty file: add the next certificate first.'],
  import_running: [409, 'One runs at a time: try again when it is over.'],
  precondition_failed: [
    412,
    'Somebody changed it since its `ETag` was given: read it again, then decide again.',
  ],
  body_too_large: [413, 'A body may have 1 MiB, an uploaded file 2 MiB.'],
  content_type_unsupported: [
    415,
    'Bodies are `application/json`, in UTF-8; what a file may be is said where it is uploaded.',
  ],
  name_invalid: [422, 'Names have 1 to 255 characters and no control characters.'],
  credentials_invalid: [422, 'ThingsBoard’s rules for saving refuse them; `detail` names the rule.'],
  profile_invalid: [422, 'No device would ever be admitted as it says.'],
  rule_invalid: [422, '`detail` says why.'],
  rule_order_invalid: [422, 'It names each rule of the owner once, and no other.'],
  rules_too_complex: [422, 'Together they would take too long to decide by.'],
  deny_value_invalid: [422, '`detail` says how it is written.'],
  ca_certificate_invalid: [422, '`detail` says which and why.'],
  thingsboard_read_only: [422, 'ThingsBoard’s own database is only read: change the device in ThingsBoard.'],
  precondition_required: [
    428,
    'Send `If-Match` with the `ETag` of what was read, so that nobody’s change is lost.',
  ],
  credentials_ambiguous: [409, 'Name them by their id.'],
  one_credential_per_device: [
    409,
    '`THINGPASS_ONE_CREDENTIAL_PER_DEVICE` is set: replace the credentials it has.',
  ],
  not_possible: [422, '`detail` says why.'],
  internal_error: [500, 'The log has the details, under the time of the answer.'],
  overloaded: [503, 'Try again later.'],
  storage_unavailable: [503, 'Try again later.'],
} as const satisfies Record<RefusalCode, readonly [status: number, meaning: string]>;

/** What the API makes of other errors. They lose their text, which is for operators; the log has what is `internal_error`. */
const OTHERWISE: Readonly<Record<FailureCode, RefusalCode>> = {
  authorities_unusable: 'internal_error',
  call_failed: 'internal_error',
  certificate_unreadable: 'internal_error',
  command_failed: 'internal_error',
  config_invalid: 'internal_error',
  database_unusable: 'internal_error',
  der_malformed: 'internal_error',
  distinguished_name_unreadable: 'internal_error',
  hashing_queue_full: 'overloaded',
  known_absent: 'internal_error',
  lwm2m_body_unreadable: 'internal_error',
  ocsp_answer_unusable: 'internal_error',
  pattern_invalid: 'internal_error',
  peer_failed: 'internal_error',
  peer_unavailable: 'internal_error',
  placeholder_not_filled: 'internal_error',
  product_options_invalid: 'internal_error',
  provision_request_unreadable: 'internal_error',
  request_unreadable: 'internal_error',
  revocation_list_unusable: 'internal_error',
  row_unreadable: 'internal_error',
  storage_timeout: 'internal_error',
  thingsboard_unreadable: 'internal_error',
  version_conflict: 'internal_error',
  worker_failed: 'internal_error',
};

/** Where the types are explained; a type is a URI reference, so it leads there from the answer's own address. */
const TYPES_AT = '/docs/problems#';

/** An answer that refuses. */
export interface Problem {
  readonly code: RefusalCode;
  readonly status: number;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole answer, as RFC 9457 has it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The problem's `type`. */
export function typeOf(code: RefusalCode): string {
  return TYPES_AT + code;
}

/** What the framework itself refuses. */
const FRAMEWORK: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'content_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'body_unreadable',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body_unreadable',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body_unreadable',
};

/** Any error as a problem; one that nobody foresaw is an `internal_error`, which tells nothing and which the caller logs. */
export function problemOf(error: unknown): Problem {
  if (isThingPassError(error)) {
    if (!isRefusal(error)) return problem(OTHERWISE[error.code]);
    return problem(error.code, error.message, membersOf(error), headersOf(error));
  }
  const { code = '', message, statusCode } = error as Error & { code?: string; statusCode?: number };
  const framework = FRAMEWORK[code];
  if (framework !== undefined) return problem(framework);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return problem('body_unreadable');
  return problem(isStorageOutage(code, message) ? 'storage_unavailable' : 'internal_error');
}

function problem(
  code: RefusalCode,
  message: string = REFUSALS[code],
  members: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Problem {
  const [status, meaning] = PROBLEMS[code];
  const title = REFUSALS[code];
  const detail = message === title ? meaning : message;
  return { code, status, detail, headers, body: { type: typeOf(code), title, status, detail, ...members } };
}

/** Members of the problem besides those of RFC 9457. */
function membersOf({ code, data }: ErrorOf<RefusalCode>): Record<string, unknown> {
  switch (code) {
    case 'name_taken':
    case 'credentials_taken':
    case 'provision_key_taken':
      return data.takenBy === undefined ? {} : { takenBy: data.takenBy };
    case 'nodes_lag':
      return { nodes: data.nodes };
    case 'request_invalid':
      return data === undefined ? {} : { errors: data.errors };
    case 'scope_missing':
      return { scopes: data.scopes };
    default:
      return {};
  }
}

/** Challenges are those of RFC 6750 section 3. */
function headersOf({ code, data }: ErrorOf<RefusalCode>): Record<string, string> {
  const challenge = 'Bearer realm="thingpass"';
  switch (code) {
    case 'key_missing':
      return { 'www-authenticate': challenge };
    case 'key_invalid':
      return { 'www-authenticate': `${challenge}, error="invalid_token"` };
    case 'scope_missing': {
      const scope = data.scopes.join(' ');
      return { 'www-authenticate': `${challenge}, error="insufficient_scope", scope="${scope}"` };
    }
    case 'method_not_allowed':
      return { allow: data.allowed.join(', ') };
    default:
      return {};
  }
}

/** Codes of Prisma, PostgreSQL and Node for a server that is out of reach, times out or has no free connection. */
function isStorageOutage(code: string, message: string): boolean {
  return (
    /^(P(1001|1002|1008|1017|2024|2034)|57P0[1-3]|53300|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND)$/.test(
      code,
    ) || /ECONNREFUSED|SQLITE_BUSY|timeout expired|Connection terminated/.test(message ?? '')
  );
}
