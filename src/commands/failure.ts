import { type FailureCode, isRefusal, isThingPassError } from '../model/errors.ts';

/** How a command ends: what it writes to standard error, and its exit code. */
export interface CommandEnd {
  readonly text: string;
  readonly exitCode: 1 | 2;
}

/** Exit codes of failures whose sentence is for the user; the others are ThingPass's own mistakes. */
const EXIT_CODES: Readonly<Record<FailureCode, 1 | 2 | 'unexpected'>> = {
  authorities_unusable: 1,
  call_failed: 1,
  certificate_unreadable: 'unexpected',
  command_failed: 1,
  config_invalid: 2,
  database_unusable: 1,
  der_malformed: 'unexpected',
  distinguished_name_unreadable: 'unexpected',
  hashing_queue_full: 1,
  known_absent: 'unexpected',
  lwm2m_body_unreadable: 'unexpected',
  ocsp_answer_unusable: 'unexpected',
  pattern_invalid: 'unexpected',
  peer_failed: 'unexpected',
  peer_unavailable: 'unexpected',
  placeholder_not_filled: 'unexpected',
  product_options_invalid: 1,
  provision_request_unreadable: 'unexpected',
  request_unreadable: 'unexpected',
  revocation_list_unusable: 'unexpected',
  row_unreadable: 'unexpected',
  storage_timeout: 'unexpected',
  thingsboard_unreadable: 1,
  version_conflict: 'unexpected',
  worker_failed: 1,
};

/** What the user is told of an error: a sentence, or where nobody foresaw it the stack, for a report. */
export function commandEnd(error: unknown): CommandEnd {
  const { message, stack } = error as Error;
  if (isThingPassError(error)) {
    const exitCode = isRefusal(error) ? 1 : EXIT_CODES[error.code];
    if (exitCode !== 'unexpected') return { text: message, exitCode };
  }
  return { text: `unexpected: ${stack}`, exitCode: 1 };
}
