import { Type } from 'typebox';
import { type AuditEvent, SUBJECT_TYPES } from '../../../model/audit.ts';
import { operation } from '../operation.ts';
import { DEFAULT_LIMIT, PAGE_QUERY, readCursor, toPage } from '../paging.ts';
import { named, object, oneOf, page, TIME, TIME_GIVEN } from '../schemas.ts';
import { readTime, showTime } from '../times.ts';

const SUBJECT_TYPE = oneOf(SUBJECT_TYPES);

const AUDIT_EVENT = named(
  'AuditEvent',
  object({
    seq: Type.Integer(),
    time: TIME,
    actor: Type.String({ description: 'Who: `api-key:<name>`, `cli:<user>` or `server`.' }),
    origin: Type.String({ description: 'From where: the caller’s address, or the machine of a command.' }),
    action: Type.String({ description: 'What was done, such as `device.created`.' }),
    subject: object({ type: SUBJECT_TYPE, id: Type.String() }),
    detail: Type.Record(Type.String(), Type.Unknown(), { description: 'Never a secret, nor its hash.' }),
  }),
);

const FILTER = Type.Optional(Type.String({ minLength: 1, maxLength: 255 }));
const LISTING = 'audit-events';

const listAuditEvents = operation({
  id: 'listAuditEvents',
  method: 'GET',
  path: '/audit-events',
  tag: 'Audit',
  scopes: ['read'],
  summary: 'List what was changed, the latest first',
  query: object({
    ...PAGE_QUERY,
    subjectType: Type.Optional(SUBJECT_TYPE),
    subjectId: FILTER,
    actor: FILTER,
    action: FILTER,
    from: Type.Optional(TIME_GIVEN),
  }),
  answers: { 200: { description: 'A page of events', schema: page('AuditEventPage', AUDIT_EVENT) } },
  problems: ['cursor_invalid'],
  async handle({ query, store }) {
    const { limit = DEFAULT_LIMIT, cursor, from, ...filter } = query;
    const [before] = readCursor(LISTING, cursor, ['number']) ?? [];
    const events = await store.audit.list({
      ...filter,
      from: from === undefined ? undefined : readTime(from),
      before: before === undefined ? undefined : Number(before),
      limit: limit + 1,
    });
    return { status: 200, body: toPage(LISTING, events, limit, ({ seq }) => [seq], showEvent) };
  },
});

export const AUDIT_OPERATIONS = [listAuditEvents];

function showEvent(event: AuditEvent) {
  const { seq, createdTime, actor, origin, action, subjectType, subjectId, detail } = event;
  const subject = { type: subjectType, id: subjectId };
  return { seq, time: showTime(createdTime), actor, origin, action, subject, detail };
}
