/** Who changes something, and from where; every change is recorded under it. */
export interface Actor {
  /** Such as `api-key:factory-1`, `cli:root` or `server`. */
  readonly name: string;
  /** The address of the caller, or the machine on which a command ran. */
  readonly origin: string;
}

/** One change, as it is recorded. `detail` never holds a secret, nor its hash. */
export interface AuditNote {
  /** What was done, such as `device.created`. */
  readonly action: AuditAction;
  readonly subjectType: SubjectType;
  readonly subjectId: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

export const SUBJECT_TYPES = [
  'device',
  'credentials',
  'profile',
  'rule',
  'deny_entry',
  'api_key',
  'ca_bundle',
  'import',
] as const;

export type SubjectType = (typeof SUBJECT_TYPES)[number];

/** The subject and what happened to it. */
export type AuditAction = `${SubjectType}.${string}`;

export interface AuditEvent extends AuditNote {
  /** Grows with every event; of two events the later one has the greater, as far as transactions let that be said. */
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly createdTime: number;
  readonly actor: string;
  readonly origin: string;
}

/** ThingPass itself, where nobody asked: a device that provisions itself, a hash that is brought up to date. */
export const SERVER_ACTOR: Actor = Object.freeze({ name: 'server', origin: 'server' });
