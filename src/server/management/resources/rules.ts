import { Type } from 'typebox';
import type { RuleEntry } from '../../../fleet/devices/rule-service.ts';
import { ThingPassError } from '../../../model/errors.ts';
import { operation } from '../operation.ts';
import { DEFAULT_LIMIT, PAGE_QUERY, readCursor, toPage } from '../paging.ts';
import { named, object, oneOf, page, TIME, UUID } from '../schemas.ts';
import { showTime } from '../times.ts';

const QOS = Type.Array(Type.Integer({ minimum: 0, maximum: 2 }), { minItems: 1, maxItems: 3 });

const MATCH = {
  permission: oneOf(['allow', 'deny']),
  action: oneOf(['publish', 'subscribe', 'all']),
  filter: Type.String({ minLength: 1, maxLength: 65_535, description: 'MQTT filter with placeholders.' }),
  qos: Type.Optional(QOS),
  retain: Type.Optional(Type.Boolean()),
  note: Type.Optional(Type.String({ maxLength: 1_000 })),
};

const OWNER = Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Id or name.' }));

const RULE_WISH = named(
  'RuleProperties',
  object(
    {
      ...MATCH,
      profile: OWNER,
      profileId: Type.Optional(UUID),
      device: OWNER,
      deviceId: Type.Optional(UUID),
    },
    'For one profile, for one device, or for everybody.',
  ),
);

const RULE = named(
  'Rule',
  object({
    id: UUID,
    ...MATCH,
    profileId: Type.Optional(UUID),
    deviceId: Type.Optional(UUID),
    ownerName: Type.Optional(Type.String({ description: 'Of the profile or device.' })),
    created: TIME,
  }),
);

const RULE_PATH = object({ rule: UUID });
const OWNER_QUERY = { profile: OWNER, device: OWNER };
const LISTING = 'rules';
const TAG = 'Topic rules';
const REFUSALS = ['rule_invalid', 'rules_too_complex', 'profile_not_found', 'device_not_found'] as const;

const listRules = operation({
  id: 'listRules',
  method: 'GET',
  path: '/rules',
  tag: TAG,
  scopes: ['read'],
  summary: 'List topic rules in the order in which they decide',
  description: 'All of them, or those of one profile or device. Those of the rules file are not among them.',
  query: object({ ...PAGE_QUERY, ...OWNER_QUERY }),
  answers: { 200: { description: 'A page of rules', schema: page('RulePage', RULE) } },
  problems: ['cursor_invalid', 'rule_invalid', 'profile_not_found', 'device_not_found'],
  async handle({ query, store }) {
    const { limit = DEFAULT_LIMIT, cursor, profile, device } = query;
    const [after] = readCursor(LISTING, cursor, ['uuid']) ?? [];
    const all = profile === undefined && device === undefined;
    const rules = await store.rules.list(all ? undefined : { profile, device });
    const at = rules.findIndex(({ id }) => id === after);
    if (after !== undefined && at === -1)
      throw new ThingPassError('cursor_invalid', 'the rule at which the page begins is gone: begin again');
    return { status: 200, body: toPage(LISTING, rules.slice(at + 1), limit, ({ id }) => [id], showRule) };
  },
});

const createRule = operation({
  id: 'createRule',
  method: 'POST',
  path: '/rules',
  tag: TAG,
  scopes: ['write'],
  summary: 'Add a topic rule, behind the others of its owner or before one of them',
  query: object({ before: Type.Optional(UUID) }),
  body: RULE_WISH,
  answers: { 201: { description: 'In force within a second', schema: RULE, headers: ['Location'] } },
  problems: [...REFUSALS, 'rule_not_found'],
  async handle({ query, body, store, actor }) {
    const rule = await store.rules.create(body, actor, query.before?.toLowerCase());
    return { status: 201, body: showRule(rule), headers: { location: `/api/v1/rules/${rule.id}` } };
  },
});

const getRule = operation({
  id: 'getRule',
  method: 'GET',
  path: '/rules/{rule}',
  tag: TAG,
  scopes: ['read'],
  summary: 'Show a topic rule',
  params: RULE_PATH,
  answers: { 200: { description: 'The rule', schema: RULE } },
  problems: ['rule_not_found', 'rule_invalid'],
  async handle({ params, store }) {
    return { status: 200, body: showRule(await store.rules.get(params.rule.toLowerCase())) };
  },
});

const putRule = operation({
  id: 'putRule',
  method: 'PUT',
  path: '/rules/{rule}',
  tag: TAG,
  scopes: ['write'],
  summary: 'Put another rule in the place of one',
  params: RULE_PATH,
  body: RULE_WISH,
  answers: { 200: { description: 'In force within a second', schema: RULE } },
  problems: [...REFUSALS, 'rule_not_found'],
  async handle({ params, body, store, actor }) {
    return { status: 200, body: showRule(await store.rules.replace(params.rule.toLowerCase(), body, actor)) };
  },
});

const deleteRule = operation({
  id: 'deleteRule',
  method: 'DELETE',
  path: '/rules/{rule}',
  tag: TAG,
  scopes: ['write'],
  summary: 'Delete a topic rule',
  params: RULE_PATH,
  answers: { 204: { description: 'Deleted' } },
  problems: ['rule_not_found', 'rule_invalid'],
  async handle({ params, store, actor }) {
    await store.rules.remove(params.rule.toLowerCase(), actor);
    return { status: 204 };
  },
});

const orderRules = operation({
  id: 'orderRules',
  method: 'PUT',
  path: '/rule-order',
  tag: TAG,
  scopes: ['write'],
  summary: 'Give the rules of everybody, one profile or one device another order',
  query: object(OWNER_QUERY),
  body: named('RuleOrder', object({ rules: Type.Array(UUID, { maxItems: 10_000 }) })),
  answers: {
    200: {
      description: 'The rules in their new order',
      schema: named('RuleList', object({ items: Type.Array(RULE) })),
    },
  },
  problems: [...REFUSALS, 'rule_order_invalid'],
  async handle({ query, body, store, actor }) {
    const ids = body.rules.map((id) => id.toLowerCase());
    return { status: 200, body: { items: (await store.rules.reorder(query, ids, actor)).map(showRule) } };
  },
});

export const RULE_OPERATIONS = [listRules, createRule, getRule, putRule, deleteRule, orderRules];

function showRule({ createdTime, ...rule }: RuleEntry) {
  return { ...rule, created: showTime(createdTime) };
}
