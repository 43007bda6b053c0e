import { Type } from 'typebox';
import { ThingPassError } from '../../../model/errors.ts';
import { BROKER_NAMES } from '../../../model/question.ts';
import type { DecisionPlace, GatheredDecision } from '../../logging/decisions/gather-decisions.ts';
import { operation } from '../operation.ts';
import { DEFAULT_LIMIT, PAGE_QUERY, readCursor, toPage } from '../paging.ts';
import { named, object, oneOf, TIME, TIME_GIVEN } from '../schemas.ts';
import { readTime, showTime } from '../times.ts';

/** Names of steps and what they said, as in the log. */
export const STEPS = Type.Array(object({ step: Type.String(), detail: Type.String() }));

export const OUTCOME = oneOf(['allow', 'deny', 'no_opinion', 'unavailable']);

export const USERNAME_HASH = Type.String({
  description: 'A short hash, by which the log names it too: it may be a token.',
});

const TEXT = Type.Optional(Type.String());

const DECISION = named(
  'Decision',
  object({
    id: Type.String({ description: 'Unique among the decisions of the server.' }),
    time: TIME,
    worker: Type.Integer(),
    requestId: Type.String({ description: 'As the log of that worker names the request.' }),
    broker: oneOf(BROKER_NAMES),
    endpoint: Type.String({ description: 'What was asked, such as `connect` or `topic`.' }),
    outcome: OUTCOME,
    reason: Type.Optional(Type.String({ description: 'Why not, as a stable code.' })),
    sentence: TEXT,
    device: Type.Optional(object({ id: Type.String(), name: Type.String() })),
    role: TEXT,
    clientId: TEXT,
    username: Type.Optional(USERNAME_HASH),
    address: Type.Optional(Type.String({ description: 'The client’s, as the broker gave it.' })),
    listener: TEXT,
    action: Type.Optional(oneOf(['publish', 'subscribe', 'receive'])),
    topic: Type.Optional(Type.String({ description: 'The first, where the question was about several.' })),
    topics: Type.Optional(Type.Integer({ description: 'How many, where that is more than one.' })),
    granted: Type.Optional(
      Type.Integer({ description: 'How many of these, where the broker is told of each.' }),
    ),
    steps: STEPS,
  }),
);

const LISTING = 'decisions';

const listDecisions = operation({
  id: 'listDecisions',
  method: 'GET',
  path: '/decisions',
  tag: 'Decisions',
  scopes: ['read'],
  summary: 'List what was decided last, the latest first',
  description:
    'Each worker keeps its last 1000 refusals and its last 500 other decisions in memory. Texts that clients choose are cut, and invisible characters in them are written out.',
  query: object({
    ...PAGE_QUERY,
    denied: Type.Optional(
      Type.Boolean({ description: 'Only refusals, without what brokers ask as a matter of course.' }),
    ),
    device: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: 'The id or name of the device, or the client id.',
      }),
    ),
    broker: Type.Optional(oneOf(BROKER_NAMES)),
    since: Type.Optional(TIME_GIVEN),
  }),
  answers: {
    200: {
      description: 'A page of decisions',
      schema: named(
        'DecisionPage',
        object({
          items: Type.Array(DECISION),
          next: Type.Optional(
            Type.String({ description: 'The `cursor` of the next page; absent on the last one.' }),
          ),
          silent: Type.Array(Type.Integer(), {
            description: 'Workers that did not answer; their decisions are missing.',
          }),
        }),
      ),
    },
  },
  problems: ['cursor_invalid'],
  async handle({ query, decisions }) {
    const { limit = DEFAULT_LIMIT, cursor, since, ...filter } = query;
    const found = await decisions(
      { ...filter, since: since === undefined ? undefined : readTime(since) },
      limit + 1,
      readPlace(cursor),
    );
    const page = toPage(LISTING, found.decisions, limit, (last) => [idOf(last)], showDecision);
    return { status: 200, body: { ...page, silent: found.silent } };
  },
});

export const DECISION_OPERATIONS = [listDecisions];

function idOf({ time, worker, sequence }: DecisionPlace): string {
  return `${time}-${worker}-${sequence}`;
}

function readPlace(cursor: string | undefined): DecisionPlace | undefined {
  const [id] = readCursor(LISTING, cursor, ['text']) ?? [];
  if (id === undefined) return undefined;
  const parts = /^(\d{1,15})-(\d{1,5})-(\d{1,15})$/.exec(String(id));
  if (parts === null) throw new ThingPassError('cursor_invalid');
  return { time: Number(parts[1]), worker: Number(parts[2]), sequence: Number(parts[3]) };
}

function showDecision({ time, sequence, ...decision }: GatheredDecision) {
  return { ...decision, id: idOf({ time, sequence, worker: decision.worker }), time: showTime(time) };
}
