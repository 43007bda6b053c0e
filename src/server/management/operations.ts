import type { Operation } from './operation.ts';
import { AUDIT_OPERATIONS } from './resources/audit.ts';
import { BLOCKED_OPERATIONS } from './resources/blocked.ts';
import { CA_BUNDLE_OPERATIONS } from './resources/ca-bundles.ts';
import { CREDENTIALS_OPERATIONS } from './resources/credentials.ts';
import { DECISION_OPERATIONS } from './resources/decisions.ts';
import { DENY_LIST_OPERATIONS } from './resources/deny-list.ts';
import { DEVICE_OPERATIONS } from './resources/devices.ts';
import { EXPIRING_OPERATIONS } from './resources/expiring.ts';
import { EXPLAIN_OPERATIONS } from './resources/explain.ts';
import { IMPORT_OPERATIONS } from './resources/imports.ts';
import { PROFILE_TRUST_OPERATIONS } from './resources/profile-trust.ts';
import { PROFILE_OPERATIONS } from './resources/profiles.ts';
import { RULE_OPERATIONS } from './resources/rules.ts';
import { SESSION_OPERATIONS } from './resources/sessions.ts';

/** Everything that the API can do, in the order of the document. A resource brings its operations here. */
export const OPERATIONS: readonly Operation[] = [
  ...DEVICE_OPERATIONS,
  ...CREDENTIALS_OPERATIONS,
  ...SESSION_OPERATIONS,
  ...PROFILE_OPERATIONS,
  ...PROFILE_TRUST_OPERATIONS,
  ...RULE_OPERATIONS,
  ...DENY_LIST_OPERATIONS,
  ...CA_BUNDLE_OPERATIONS,
  ...EXPIRING_OPERATIONS,
  ...BLOCKED_OPERATIONS,
  ...DECISION_OPERATIONS,
  ...EXPLAIN_OPERATIONS,
  ...IMPORT_OPERATIONS,
  ...AUDIT_OPERATIONS,
];
