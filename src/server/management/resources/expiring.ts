import { Type } from 'typebox';
import { type Expiring, listExpiring, watchedAuthorities } from '../../../fleet/devices/expiry/expiring.ts';
import { ThingPassError } from '../../../model/errors.ts';
import { DURATION_PATTERN, parseDuration } from '../../../util/duration.ts';
import { operation } from '../operation.ts';
import { DEFAULT_LIMIT, PAGE_QUERY, readCursor, toPage } from '../paging.ts';
import { CREDENTIALS_TYPE, named, object, oneOf, page, TIME, UUID } from '../schemas.ts';
import { showTime } from '../times.ts';

const EXPIRING = named(
  'Expiring',
  object({
    kind: oneOf(
      ['credentials', 'secret', 'certificate', 'authority'],
      'What ends: credentials by their window, a password, a device’s certificate, or an authority’s.',
    ),
    id: Type.String({ description: 'Of the credentials or the password; of an authority its SHA-256.' }),
    ends: TIME,
    replaced: Type.Boolean({
      description:
        'Something else of the device holds longer, as during a rotation: nobody will be locked out.',
    }),
    credentialsType: Type.Optional(CREDENTIALS_TYPE),
    device: Type.Optional(object({ id: UUID, name: Type.String() })),
    certificateSha256: Type.Optional(
      Type.String({ description: 'Of a device’s certificate, over its DER.' }),
    ),
    subject: Type.Optional(Type.String({ description: 'Of an authority.' })),
    usedBy: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Where an authority is relied on: client_ca_file, ca_bundle:<name>, profile:<name>.',
      }),
    ),
  }),
);

const LISTING = 'expiring';
const DEFAULT_WITHIN = '30d';

const listing = operation({
  id: 'listExpiring',
  method: 'GET',
  path: '/expiring',
  tag: 'Expiry',
  scopes: ['read'],
  summary: 'List what runs out, the soonest first',
  description:
    'Tokens, passwords and certificates of devices, and authorities: those of the client CA file, of CA bundles and of certificate profiles. What has ended already is left out.',
  query: object({
    ...PAGE_QUERY,
    within: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        default: DEFAULT_WITHIN,
        description: 'How far ahead to look, such as 12h, 30d or 2w.',
      }),
    ),
  }),
  answers: { 200: { description: 'A page of what runs out', schema: page('ExpiringPage', EXPIRING) } },
  problems: ['cursor_invalid'],
  async handle({ query, store, clientAuthorities }) {
    const { limit = DEFAULT_LIMIT, cursor, within = DEFAULT_WITHIN } = query;
    const withinMs = parseDuration(within);
    if (withinMs === undefined)
      throw new ThingPassError('request_invalid', '`within` is longer than a century');
    const [endsAt, id] = readCursor(LISTING, cursor, ['time', 'subject']) ?? [];
    const now = Date.now();
    const authorities = await watchedAuthorities(store.expiry, clientAuthorities());
    const found = await listExpiring(store.expiry, authorities, {
      from: now,
      until: now + withinMs,
      limit: limit + 1,
      after: endsAt === undefined ? undefined : { endsAt: Number(endsAt), id: String(id) },
    });
    return { status: 200, body: toPage(LISTING, found, limit, (one) => [one.endsAt, one.id], show) };
  },
});

export const EXPIRING_OPERATIONS = [listing];

function show({ endsAt, ...rest }: Expiring) {
  return { ...rest, ends: showTime(endsAt) };
}
