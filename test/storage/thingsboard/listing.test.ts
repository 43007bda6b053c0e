import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { apiServer } from '../../server/management/support/api-server.ts';
import { withoutPostgresql } from '../../support/postgresql.ts';
import { Installation } from '../../support/process.ts';
import { onEachDatabase } from '../support/on-each-database.ts';
import { type ThingsBoardDatabase, thingsBoardDatabase } from './support/thingsboard-database.ts';

/* Listing ThingsBoard's own devices with ours, by REST and at the command line, as a user that may only read. */

const TENANTS = ['11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-000000000002'] as const;
const PROFILES = [randomUUID(), randomUUID()] as const;
const [ALPHA, BETA, SHARED, OTHER_SHARED] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
const OURS_BY_NAME = [
  ['beta', randomUUID()],
  ['zeta', randomUUID()],
] as const;

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly next?: string;
}

async function filled(age: 'new' | 'old'): Promise<ThingsBoardDatabase> {
  const database = await thingsBoardDatabase(age);
  await database.fill({
    profiles: TENANTS.map((tenantId, index) => ({
      id: PROFILES[index] as string,
      tenantId,
      name: `profile-${index}`,
      ...({ transportType: 'DEFAULT', provisionType: 'DISABLED' } as const),
    })),
    devices: [
      {
        id: BETA,
        tenantId: TENANTS[0],
        name: 'beta',
        deviceProfileId: PROFILES[0],
        additionalInfo: { gateway: true },
      },
      { id: ALPHA, tenantId: TENANTS[0], name: 'alpha', deviceProfileId: PROFILES[0] },
      { id: SHARED, tenantId: TENANTS[0], name: 'shared', deviceProfileId: PROFILES[0] },
      { id: OTHER_SHARED, tenantId: TENANTS[1], name: 'shared', deviceProfileId: PROFILES[1] },
    ],
    credentials: [
      {
        deviceId: ALPHA,
        credentialsType: 'ACCESS_TOKEN',
        credentialsId: 'token-that-must-not-show',
        credentialsValue: null,
      },
    ],
  });
  return database;
}

describe('devices of both databases', { skip: await withoutPostgresql() }, () => {
  for (const age of ['new', 'old'] as const) {
    describe(`with the tables of ${age} releases`, () => {
      onEachDatabase((database) => {
        const environment: Record<string, string> = {};
        let thingsboard: ThingsBoardDatabase;
        before(async () => {
          thingsboard = await filled(age);
          environment.THINGPASS_THINGSBOARD_DATABASE_URL = thingsboard.location.url;
        });
        const server = apiServer(database, environment);
        after(() => thingsboard.drop());

        const cli = new Installation();
        before(async () => {
          const { location } = database;
          Object.assign(cli.environment, environment, {
            DATABASE_URL: location.kind === 'sqlite' ? `file:${location.file}` : location.url,
          });
          for (const [name, device] of OURS_BY_NAME)
            await server.api.call('putDevice', { path: { device }, body: { name } });
        });

        async function list(query: Record<string, string | number>): Promise<string[]> {
          const found: string[] = [];
          for (let cursor: string | undefined; ; ) {
            const asked = { query: { ...query, ...(cursor === undefined ? {} : { cursor }) } };
            const { items, next } = (await server.api.call('listDevices', asked)).body as Page;
            assert.ok(items.length > 0 || next === undefined, 'no page is empty before the last');
            found.push(...items.map(({ source, name }) => `${source} ${name}`));
            cursor = next;
            if (cursor === undefined) return found;
          }
        }

        const THEIRS = ['thingsboard alpha', 'thingsboard beta', 'thingsboard shared', 'thingsboard shared'];
        const OURS = ['own beta', 'own zeta'];

        test('ThingsBoard’s come first, each by name, whatever the pages', async () => {
          for (const limit of [1, 2, 3, 4, 5, 6, 100])
            assert.deepEqual(await list({ limit }), [...THEIRS, ...OURS], `pages of ${limit}`);
        });

        test('filters are for both', async () => {
          assert.deepEqual(await list({ name: 'beta', limit: 1 }), ['thingsboard beta', 'own beta']);
          assert.deepEqual(await list({ nameStartsWith: 'sh', limit: 1 }), THEIRS.slice(2));
          assert.deepEqual(await list({ source: 'own', limit: 1 }), OURS);
          assert.deepEqual(await list({ source: 'thingsboard', limit: 1 }), THEIRS);
          assert.deepEqual(await list({ profile: PROFILES[1] }), ['thingsboard shared']);
          assert.deepEqual(await list({ profile: 'profile-0' }), THEIRS.slice(0, 3));
          assert.deepEqual(await list({ credentialsType: 'ACCESS_TOKEN' }), ['thingsboard alpha']);
          assert.deepEqual(await list({ expiresBefore: '2100-01-01T00:00:00Z' }), []);
        });

        test('one is shown without its secret, by id and by name, and ours where both have it', async () => {
          const show = async (device: string) =>
            (await server.api.call('getDevice', { path: { device } })).body as Record<string, unknown>;
          const alpha = await show('alpha');
          assert.deepEqual(
            [alpha.id, alpha.source, alpha.gateway, alpha.profile, alpha.created],
            [ALPHA, 'thingsboard', false, { id: PROFILES[0], name: 'profile-0' }, '1970-01-01T00:00:00.001Z'],
          );
          assert.deepEqual(
            (alpha.credentials as { type: string }[]).map(({ type }) => type),
            ['ACCESS_TOKEN'],
          );
          assert.ok(!JSON.stringify(alpha).includes('must-not-show'));
          assert.deepEqual((await show(BETA.toUpperCase())).gateway, true);
          assert.deepEqual((await show('beta')).source, 'own');
          await server.api.refused('device_not_found', 'getDevice', { path: { device: 'nobody' } });
        });

        test('writes to them are refused, and nothing of ours is made in their place', async () => {
          const path = { device: ALPHA };
          await server.api.refused('thingsboard_read_only', 'deleteDevice', { path });
          await server.api.refused('thingsboard_read_only', 'putDevice', { path, body: { name: 'mine' } });
          await server.api.refused('thingsboard_read_only', 'rotateCredentials', { path, body: {} });
          await server.api.refused('thingsboard_read_only', 'listCredentials', { path });
          assert.deepEqual(await list({ source: 'own' }), OURS);
        });

        test('a cursor that names no database is refused', async () => {
          const cursor = Buffer.from(JSON.stringify(['devices', 'other', 'alpha', ALPHA])).toString(
            'base64url',
          );
          await server.api.refused('cursor_invalid', 'listDevices', { query: { cursor } });
        });

        test('the command line lists and shows the same', async () => {
          const listed = async (...options: string[]) =>
            (await cli.json<Record<string, string>[]>('device', 'list', ...options)).map(
              ({ source, name }) => `${source} ${name}`,
            );
          assert.deepEqual(await listed(), [...THEIRS, ...OURS]);
          assert.match(
            (await cli.run(['device', 'show', 'alpha'])).stdout,
            /source +ThingsBoard’s own database/,
          );
          // The age of the tables makes no difference beyond the reading of a row.
          if (age === 'old') return;
          assert.deepEqual(await listed('--after', ALPHA, '--limit', '2'), THEIRS.slice(1, 3));
          assert.deepEqual(
            await listed('--after', OTHER_SHARED, '--source', 'thingsboard').then((all) => all.length),
            SHARED < OTHER_SHARED ? 0 : 1,
          );
          assert.deepEqual(await listed('--after', 'zeta'), []);
          assert.deepEqual(await listed('--after', 'beta', '--source', 'own'), ['own zeta']);
          assert.deepEqual(await listed('--after', 'c', '--source', 'own'), ['own zeta']);
          const both = await cli.run(['device', 'list', '--after', 'beta']);
          assert.deepEqual(
            [both.code, /both databases have a device beta: say with --source/.test(both.stderr)],
            [1, true],
          );
          const { code, stdout } = await cli.run(['device', 'list']);
          assert.equal(code, 0);
          assert.match(stdout, /SOURCE\nalpha +profile-0 +ACCESS_TOKEN +\S+ +thingsboard/);
          assert.match(
            (await cli.run(['device', 'delete', 'alpha'])).stderr,
            /only read: change it in ThingsBoard/,
          );
        });
      });
    });
  }
});
