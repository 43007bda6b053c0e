import { Type } from 'typebox';
import { THROTTLE_KINDS } from '../../../config/throttle-settings.ts';
import type { Blocked } from '../../throttle/failure-book.ts';
import { operation } from '../operation.ts';
import { named, object, oneOf, TIME } from '../schemas.ts';
import { showTime } from '../times.ts';

const BY = oneOf(THROTTLE_KINDS, 'By what wrong credentials are counted.');

const BLOCKED = named(
  'Blocked',
  object({
    by: BY,
    value: Type.String({
      description:
        'An address or network, a client id, or the short hash by which the log names a token or user name.',
    }),
    failures: Type.Integer({ description: 'Failed logins since the last good one.' }),
    lastFailure: TIME,
    until: TIME,
  }),
);

const FILTER = object({
  by: Type.Optional(BY),
  value: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'As the list shows it.' })),
});

const TAG = 'Blocked';

/** Some 200 bytes each. For more, there is the metric. */
const MOST_SHOWN = 1_000;

const listBlocked = operation({
  id: 'listBlocked',
  method: 'GET',
  path: '/blocked',
  tag: TAG,
  scopes: ['read'],
  summary: 'List who is blocked for a while because of wrong credentials',
  query: FILTER,
  answers: {
    200: {
      description: `At most ${MOST_SHOWN}, those with the latest end first; \`total\` counts all`,
      schema: named('BlockedList', object({ items: Type.Array(BLOCKED), total: Type.Integer() })),
    },
  },
  async handle({ query, blocked }) {
    const all = blocked.list(query);
    return { status: 200, body: { items: all.slice(0, MOST_SHOWN).map(showBlocked), total: all.length } };
  },
});

const clearBlocked = operation({
  id: 'clearBlocked',
  method: 'DELETE',
  path: '/blocked',
  tag: TAG,
  scopes: ['write'],
  summary: 'End blocks, and forget the failures that led to them',
  description: 'All of them, those of a kind, or one.',
  query: FILTER,
  answers: {
    200: {
      description: 'How many ended',
      schema: named('BlockedCleared', object({ cleared: Type.Integer() })),
    },
  },
  async handle({ query, blocked }) {
    return { status: 200, body: { cleared: blocked.clear(query) } };
  },
});

export const BLOCKED_OPERATIONS = [listBlocked, clearBlocked];

function showBlocked({ by, value, failures, lastFailure, until }: Blocked) {
  return { by, value, failures, lastFailure: showTime(lastFailure), until: showTime(until) };
}
