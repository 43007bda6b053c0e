import type { DeviceProblem } from '../../model/device-problem.ts';

/**
 * Every way in which the API refuses (RFC 9457), once, for answers and for the documentation. Codes are stable: programs may
 * rely on them; titles and sentences may improve.
 */
export const PROBLEMS = {
  body_unreadable: [400, 'The body cannot be read', 'It is not JSON, or it is empty where JSON is expected.'],
  request_invalid: [
    400,
    'The request is not as described',
    'A part of the path, the query or the body is missing, unknown or of the wrong form; `errors` says which.',
  ],
  cursor_invalid: [
    400,
    'The cursor is not ours',
    'Take it as it was given; a cursor belongs to its listing.',
  ],
  key_missing: [
    401,
    'There is no API key',
    'Send `Authorization: Bearer <key>`; `thingpass api-key create` makes one.',
  ],
  key_invalid: [401, 'The API key is not valid', 'It is unknown, revoked or expired.'],
  scope_missing: [403, 'The API key may not do this', '`scopes` lists the scopes of which it needs one.'],
  route_not_found: [404, 'There is no such path', 'The paths are listed at `/docs`.'],
  device_not_found: [404, 'There is no such device', 'Neither an id nor a name of a device.'],
  credentials_not_found: [404, 'There are no such credentials', 'They may have been replaced or revoked.'],
  profile_not_found: [404, 'There is no such device profile', 'Neither an id nor a name of a profile.'],
  rule_not_found: [404, 'There is no such rule', 'Or the one to go before is for somebody else.'],
  deny_entry_not_found: [
    404,
    'There is no such entry',
    'Nothing of this kind and value is on the deny list.',
  ],
  ca_bundle_not_found: [404, 'There is no such bundle', 'Or this certificate is not in it.'],
  method_not_allowed: [405, 'The path has no such method', 'The header `Allow` lists those it has.'],
  name_taken: [409, 'The name is taken', '`holder` names what has it.'],
  credentials_taken: [
    409,
    'The credentials belong to another device',
    'A token, user name or certificate identifies one device; `holder` names the device that has it.',
  ],
  profile_in_use: [409, 'Devices have this profile', 'Give them another one first.'],
  provision_key_taken: [
    409,
    'Another profile has this provision key',
    'Or this certificate, which becomes the key.',
  ],
  nodes_lag: [
    409,
    'Nodes have not fetched the bundle as it is',
    'They may know nothing but what is to be retired; `nodes` names them. Wait, forget nodes that are gone, or force it.',
  ],
  ca_bundle_would_be_empty: [
    409,
    'The bundle would be empty',
    'Brokers do not start with an empty file: add the next certificate first.',
  ],
  import_running: [409, 'Another import is under way', 'One runs at a time: try again when it is over.'],
  precondition_failed: [
    412,
    'The resource is not what it was',
    'Somebody changed it since its `ETag` was given: read it again, then decide again.',
  ],
  body_too_large: [413, 'The body is too large', 'A body may have 1 MiB, an uploaded file 2 MiB.'],
  content_type_unsupported: [
    415,
    'The content type is not supported',
    'Bodies are `application/json`, in UTF-8; what a file may be is said where it is uploaded.',
  ],
  name_invalid: [422, 'The name cannot be used', 'Names have 1 to 255 characters and no control characters.'],
  credentials_invalid: [
    422,
    'The credentials cannot be used',
    'ThingsBoard’s rules for saving refuse them; `detail` names the rule.',
  ],
  profile_invalid: [422, 'The profile cannot be honoured', 'No device would ever be admitted as it says.'],
  rule_invalid: [422, 'The rule cannot be used', '`detail` says why.'],
  rule_order_invalid: [
    422,
    'The order is not complete',
    'It names each rule of the owner once, and no other.',
  ],
  rules_too_complex: [422, 'The rules are too complex', 'Together they would take too long to decide by.'],
  deny_value_invalid: [422, 'The value is none of its kind', '`detail` says how it is written.'],
  ca_certificate_invalid: [
    422,
    'The certificates cannot be put into a bundle',
    '`detail` says which and why.',
  ],
  thingsboard_read_only: [
    422,
    'The device is ThingsBoard’s',
    'ThingsBoard’s own database is only read: change the device in ThingsBoard.',
  ],
  precondition_required: [
    428,
    'The request must say what it replaces',
    'Send `If-Match` with the `ETag` of what was read, so that nobody’s change is lost.',
  ],
  credentials_ambiguous: [409, 'Several credentials could be meant', 'Name them by their id.'],
  one_credential_per_device: [
    409,
    'A device has one credential here',
    '`THINGPASS_ONE_CREDENTIAL_PER_DEVICE` is set: replace the credentials it has.',
  ],
  not_possible: [422, 'This cannot be done', '`detail` says why.'],
  internal_error: [500, 'ThingPass made a mistake', 'The log has the details, under the time of the answer.'],
  overloaded: [503, 'Too many requests are waiting', 'Try again later.'],
  storage_unavailable: [503, 'The database cannot be asked', 'Try again later.'],
} as const satisfies Record<string, readonly [status: number, title: string, meaning: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Where the types are explained; a type is a URI reference, so it leads there from the answer's own address. */
const TYPES_AT = '/docs/problems#';

/** An answer that refuses. `more` is added to the members of the problem; nothing in it may be a secret. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: ProblemCode;
  readonly more: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail?: string,
    more: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail ?? PROBLEMS[code][2]);
    this.code = code;
    this.more = more;
    this.headers = headers;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }

  /** The body of the answer. */
  toJSON(): Record<string, unknown> {
    const [status, title] = PROBLEMS[this.code];
    return { type: typeOf(this.code), title, status, detail: this.message, ...this.more };
  }
}

/** The problem's `type`. */
export function typeOf(code: ProblemCode): string {
  return TYPES_AT + code;
}

/** What the framework itself refuses. */
const FRAMEWORK: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'content_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'body_unreadable',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body_unreadable',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body_unreadable',
};

/** Any error as a problem; `undefined` for one that nobody foresaw, which the caller logs as `internal_error`. */
export function problemOf(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error;
  const { name, code = '', message, statusCode } = error as Error & { code?: string; statusCode?: number };
  if (name === 'DeviceProblem') {
    return new ApiProblem(isProblemCode(code) ? code : 'not_possible', (error as DeviceProblem).message);
  }
  if (name === 'AlreadyTaken' || name === 'ProfileTaken') return taken(error as Error & Taken);
  if (name === 'NotExplainable') return new ApiProblem('request_invalid', message);
  if (name === 'TooManyExplained' || code === 'hashing_queue_full') return new ApiProblem('overloaded');
  const framework = FRAMEWORK[code];
  if (framework !== undefined) return new ApiProblem(framework);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ApiProblem('body_unreadable');
  return isStorageOutage(code, message) ? new ApiProblem('storage_unavailable') : undefined;
}

const TAKEN: Readonly<Record<string, ProblemCode>> = {
  credentials: 'credentials_taken',
  'provision key': 'provision_key_taken',
};

interface Taken {
  readonly what: string;
  readonly takenBy?: { readonly id: string; readonly name: string } | undefined;
}

function taken({ what, message, takenBy }: Error & Taken): ApiProblem {
  const code = TAKEN[what] ?? 'name_taken';
  // Not the holder as it comes, which may be a whole device.
  return new ApiProblem(code, message, takenBy && { takenBy: { id: takenBy.id, name: takenBy.name } });
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** Codes of Prisma, PostgreSQL and Node for a server that is out of reach, times out or has no free connection. */
function isStorageOutage(code: string, message: string): boolean {
  return (
    /^(P(1001|1002|1008|1017|2024|2034)|57P0[1-3]|53300|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTFOUND)$/.test(
      code,
    ) || /ECONNREFUSED|SQLITE_BUSY|timeout expired|Connection terminated/.test(message ?? '')
  );
}
