import { Type } from 'typebox';
import { END_RESULTS, SESSION_BROKERS, type SessionEnd } from '../../../fleet/broker-sessions/session-end.ts';
import { operation } from '../operation.ts';
import { named, object, oneOf, TIME, UUID } from '../schemas.ts';
import { showTime } from '../times.ts';

/** A member of answers to what ends credentials. */
export const ENDED = Type.Optional(
  Type.Array(
    named(
      'EndedSession',
      object({
        broker: oneOf(SESSION_BROKERS),
        clientId: Type.Optional(Type.String()),
        result: oneOf(
          END_RESULTS,
          'unknown: nothing is known by which the broker could find a session. failed: it did not end one, see `said`.',
        ),
        detail: Type.Optional(Type.String()),
      }),
    ),
    { description: 'What became of the sessions at brokers; absent where none is set up for it.' },
  ),
);

/** Answers of what ends credentials and has nothing else to say. */
export const ENDED_ANSWERS = {
  200: {
    description: 'Done; sessions at brokers were looked for',
    schema: named('EndedSessions', object({ ended: ENDED })),
  },
  204: { description: 'Done; no broker is set up to end sessions' },
};

export function endedAnswer(ended: readonly SessionEnd[] | undefined) {
  return ended === undefined ? { status: 204 } : { status: 200, body: { ended } };
}

const listRecentSessions = operation({
  id: 'listRecentSessions',
  method: 'GET',
  path: '/sessions',
  tag: 'Devices',
  scopes: ['read'],
  summary: 'List the client ids under which a device was let in lately',
  description:
    'At brokers that are set up to end sessions, as this server remembers since it started, in bounded memory. The device need not exist any more.',
  query: object({ device: UUID }),
  answers: {
    200: {
      description: 'The latest first',
      schema: named(
        'RecentSessions',
        object({
          items: Type.Array(object({ broker: Type.String(), clientId: Type.String(), time: TIME })),
        }),
      ),
    },
  },
  async handle({ query, recentSessions }) {
    const sessions = await recentSessions(query.device.toLowerCase());
    return { status: 200, body: { items: sessions.map((one) => ({ ...one, time: showTime(one.time) })) } };
  },
});

export const SESSION_OPERATIONS = [listRecentSessions];
