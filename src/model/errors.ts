import { CERTIFICATE_FAULTS, type CertificateFault } from './peer-certificate.ts';

/**
 * What somebody asked for and ThingPass refuses, with a sentence that is also the title of the API's problem. The message of
 * such an error is for the caller. Codes are stable: programs rely on them; sentences may improve.
 */
export const REFUSALS = {
  body_unreadable: 'The body cannot be read',
  request_invalid: 'The request is not as described',
  cursor_invalid: 'Invalid cursor',
  key_missing: 'There is no API key',
  key_invalid: 'The API key is not valid',
  scope_missing: 'The API key may not do this',
  route_not_found: 'There is no such path',
  device_not_found: 'There is no such device',
  credentials_not_found: 'There are no such credentials',
  profile_not_found: 'There is no such device profile',
  rule_not_found: 'There is no such rule',
  deny_entry_not_found: 'There is no such entry',
  ca_bundle_not_found: 'There is no such bundle',
  method_not_allowed: 'The path has no such method',
  name_taken: 'The name is taken',
  credentials_taken: 'The credentials belong to another device',
  profile_in_use: 'Devices have this profile',
  provision_key_taken: 'Another profile has this provision key',
  nodes_lag: 'Nodes have not fetched the bundle as it is',
  ca_bundle_would_be_empty: 'The bundle would be empty',
  import_running: 'Another import is under way',
  precondition_failed: 'The resource is not what it was',
  body_too_large: 'The body is too large',
  content_type_unsupported: 'The content type is not supported',
  name_invalid: 'The name cannot be used',
  credentials_invalid: 'The credentials cannot be used',
  profile_invalid: 'The profile cannot be honoured',
  rule_invalid: 'The rule cannot be used',
  rule_order_invalid: 'The order is not complete',
  rules_too_complex: 'The rules are too complex',
  deny_value_invalid: 'The value does not have the form of its kind',
  ca_certificate_invalid: 'The certificates cannot be put into a bundle',
  thingsboard_read_only: 'The device is ThingsBoard’s',
  precondition_required: 'The request must say what it replaces',
  credentials_ambiguous: 'Several credentials could be meant',
  one_credential_per_device: 'A device has one credential here',
  not_possible: 'This cannot be done',
  internal_error: 'Internal error',
  overloaded: 'Too many requests are waiting',
  storage_unavailable: 'The database cannot be asked',
} as const satisfies Record<string, string>;

/**
 * What went wrong otherwise. Its message is for operators and the log: each edge decides whether anybody else reads it.
 * @internal
 */
export const FAILURES = {
  authorities_unusable: 'The file of certificate authorities cannot be used',
  call_failed: 'Another server gave no usable answer',
  certificate_unreadable: 'A certificate cannot be read',
  command_failed: 'The command cannot do what it was asked for',
  config_invalid: 'The configuration cannot be used',
  database_unusable: 'The database cannot be used as it is',
  der_malformed: 'Bytes are not in DER, or not of the expected structure',
  distinguished_name_unreadable: 'A distinguished name is not in its notation',
  hashing_queue_full: 'Too many passwords wait to be hashed',
  known_absent: 'The database cannot be asked, and did not have the credentials before',
  lwm2m_body_unreadable: 'LwM2M credentials are not as ThingsBoard reads them',
  ocsp_answer_unusable: 'An OCSP answer says nothing, or nothing that may be believed',
  pattern_invalid: 'A regular expression cannot be used',
  peer_failed: 'Another process of the server failed to answer',
  peer_unavailable: 'Another process of the server did not answer in time',
  placeholder_not_filled: 'The broker sent a placeholder in the place of a client’s name',
  product_options_invalid: 'A product cannot be configured with these options',
  provision_request_unreadable: 'A device’s provisioning request cannot be read',
  request_unreadable: 'A broker’s request is not one of its dialect',
  revocation_list_unusable: 'A revocation list cannot be used',
  row_unreadable: 'A row of the database means nothing here',
  storage_timeout: 'The database took longer than a decision may',
  thingsboard_unreadable: 'ThingsBoard’s database cannot be read',
  version_conflict: 'Somebody else changed the device meanwhile',
  worker_failed: 'A worker process ended before it listened',
} as const satisfies Record<string, string>;

const SENTENCES: Readonly<Record<ErrorCode, string>> = { ...REFUSALS, ...FAILURES };

export type RefusalCode = keyof typeof REFUSALS;
export type FailureCode = keyof typeof FAILURES;
export type ErrorCode = RefusalCode | FailureCode;

/** The device or profile that has what somebody else wants. */
export interface TakenBy {
  readonly id: string;
  readonly name: string;
}

/** What is wrong in a request to the API, and where: `pointer` is a JSON pointer (RFC 6901) into that part of it. */
interface RequestFault {
  readonly in: string;
  readonly pointer: string;
  readonly detail: string;
}

/** What errors say besides their message, by code: plain data without secrets, for it goes from process to process. */
interface ErrorData {
  readonly certificate_unreadable: { readonly fault: CertificateFault };
  /** One sentence for each problem. */
  readonly config_invalid: { readonly problems: readonly string[] };
  /** The device, when it could be found. */
  readonly credentials_taken: { readonly takenBy: TakenBy | undefined };
  /** What is wrong, and what the operator can do about it. */
  readonly database_unusable: { readonly detail: string; readonly wayOut: string };
  readonly method_not_allowed: { readonly allowed: readonly string[] };
  readonly name_taken: { readonly takenBy: TakenBy | undefined };
  /** The nodes that have fetched another bundle. */
  readonly nodes_lag: { readonly nodes: readonly unknown[] };
  readonly peer_unavailable: { readonly why: 'silent' | 'busy' | 'gone' };
  readonly provision_key_taken: { readonly takenBy: TakenBy };
  /** Absent where the request is refused as a whole. */
  readonly request_invalid: { readonly errors: readonly RequestFault[] } | undefined;
  /** Those of which the key needs one. */
  readonly scope_missing: { readonly scopes: readonly string[] };
  readonly thingsboard_unreadable: { readonly problems: readonly string[] };
}

type DataOf<Code extends ErrorCode> = Code extends keyof ErrorData ? ErrorData[Code] : undefined;

/** Data where the code has some, then what caused the error. */
type Rest<Code extends ErrorCode> = Code extends ErrorCode
  ? undefined extends DataOf<Code>
    ? [data?: DataOf<Code>, options?: ErrorOptions]
    : [data: DataOf<Code>, options?: ErrorOptions]
  : never;

/**
 * Every error that ThingPass throws on purpose. Its code says what it is; a handler asks for the code with
 * {@link isThingPassError}, which gives `data` its type. Three places turn errors into replies: the API's problems
 * (`server/management/problem.ts`), what brokers are told (`engine/deciding/failure.ts`) and the commands'
 * sentence and exit code (`commands/failure.ts`).
 */
export class ThingPassError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'ThingPassError';
  readonly code: Code;
  readonly data: DataOf<Code>;

  /** @param message holds no secret; absent, it is the code's own sentence. */
  constructor(code: Code, message?: string, ...rest: Rest<Code>) {
    const [data, options] = rest as [data: DataOf<Code>, options?: ErrorOptions];
    super(message ?? SENTENCES[code], options);
    this.code = code;
    this.data = data;
  }
}

/** An error of each of the codes: asked for its `code`, it narrows to that of one. */
export type ErrorOf<Code extends ErrorCode> = Code extends ErrorCode ? ThingPassError<Code> : never;

/** Whether ThingPass threw it on purpose and, where codes are given, with one of them. */
export function isThingPassError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is ErrorOf<Code> {
  if (!(error instanceof ThingPassError)) return false;
  return codes.length === 0 || (codes as readonly ErrorCode[]).includes(error.code);
}

/** Whether the message is for the caller. */
export function isRefusal(error: ThingPassError): error is ErrorOf<RefusalCode> {
  return Object.hasOwn(REFUSALS, error.code);
}

/** The configuration cannot be used. @param problems one sentence for each setting, never the value of a secret. */
export function configInvalid(problems: readonly string[]): ThingPassError<'config_invalid'> {
  const list = problems.map((problem) => `  - ${problem}`).join('\n');
  return new ThingPassError('config_invalid', `the configuration cannot be used:\n${list}`, { problems });
}

/** A certificate cannot be read. @param detail holds nothing of the certificate. */
export function certificateUnreadable(
  fault: CertificateFault,
  detail: string = CERTIFICATE_FAULTS[fault],
): ThingPassError<'certificate_unreadable'> {
  return new ThingPassError('certificate_unreadable', detail, { fault });
}

/** An error as plain data, for another process. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly data: unknown;
}

/** What another process is told of an error: of one that nobody foresaw the message alone, as `peer_failed`. */
export function toPlainError(error: unknown): PlainError {
  if (isThingPassError(error)) return { code: error.code, message: error.message, data: error.data };
  return { code: 'peer_failed', message: (error as Error).message, data: undefined };
}

/** The error that another process threw; its stack is in the log of that one or nowhere. */
export function fromPlainError({ code, message, data }: PlainError): ThingPassError {
  return new ThingPassError(code, message, data as never);
}
