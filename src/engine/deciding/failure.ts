import { type Decision, deny, unavailable } from '../../model/decision.ts';
import { type FailureCode, isRefusal, isThingPassError } from '../../model/errors.ts';

/**
 * What a broker is told of each failure. `unexpected`: it should have been caught before, so it is logged, and the broker
 * learns nothing of it.
 */
const TOLD: Readonly<Record<FailureCode, 'request_unreadable' | 'overloaded' | 'unexpected'>> = {
  authorities_unusable: 'unexpected',
  call_failed: 'unexpected',
  certificate_unreadable: 'unexpected',
  command_failed: 'unexpected',
  config_invalid: 'unexpected',
  database_unusable: 'unexpected',
  der_malformed: 'unexpected',
  distinguished_name_unreadable: 'unexpected',
  hashing_queue_full: 'overloaded',
  known_absent: 'unexpected',
  lwm2m_body_unreadable: 'unexpected',
  ocsp_answer_unusable: 'unexpected',
  pattern_invalid: 'unexpected',
  peer_failed: 'unexpected',
  peer_unavailable: 'unexpected',
  placeholder_not_filled: 'unexpected',
  product_options_invalid: 'unexpected',
  provision_request_unreadable: 'unexpected',
  request_unreadable: 'request_unreadable',
  revocation_list_unusable: 'unexpected',
  row_unreadable: 'unexpected',
  storage_timeout: 'unexpected',
  thingsboard_unreadable: 'unexpected',
  version_conflict: 'unexpected',
  worker_failed: 'unexpected',
};

/**
 * The decision that an error amounts to. The message of a broker's own mistake names fields, so it may be told.
 * @returns `undefined` for an unexpected error: the caller logs it and says what was not available.
 */
export function decisionOnError(error: unknown): Decision | undefined {
  if (!isThingPassError(error) || isRefusal(error)) return undefined;
  const told = TOLD[error.code];
  if (told === 'unexpected') return undefined;
  if (told === 'overloaded') return unavailable(told);
  return requestUnreadable(error.message);
}

/** @param detail for explain and the decision log; it holds no value of the request. */
export function requestUnreadable(detail: string): Decision {
  return deny('request_unreadable', [{ step: 'read_request', detail }]);
}
