import assert from 'node:assert/strict';
import { createHmac, randomUUID, X509Certificate } from 'node:crypto';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { ExpiryWatch } from '../../../../src/fleet/devices/expiry/watch.ts';
import type { PrismaClient } from '../../../../src/storage/connections/prisma.ts';
import { ExpiryNoticeRepository } from '../../../../src/storage/repositories/credentials/expiry-notice-repository.ts';
import { ExpiryRepository } from '../../../../src/storage/repositories/credentials/expiry-repository.ts';
import { OutgoingConnections } from '../../../../src/util/outgoing-call.ts';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { DAY_MS, type LivingDevices, startLivingDevices } from '../../../support/living-devices.ts';
import { openPrisma } from '../../../support/prisma.ts';
import {
  type ReceivedMessage,
  startReceiver,
  type WebhookReceiver,
} from '../../../support/webhook-receiver.ts';

const SECRET = 'a secret between the two';
const TOKEN = 'token-that-must-not-leave';
/** Tries without a pause. */
const BOUNDS = { tries: 3, tryMs: 3_000, totalMs: 30_000, pauseMs: 1, maxBytes: 1_000 };

interface Item {
  readonly id: string;
  readonly withinDays: number;
  readonly kind: string;
  readonly ends: string;
  readonly device?: { readonly id: string; readonly name: string };
  readonly [member: string]: unknown;
}

const itemsOf = ({ body }: ReceivedMessage): Item[] => JSON.parse(body).data.items;

onEachDatabase((database) => {
  let living: LivingDevices;
  let receiver: WebhookReceiver;
  let connections: OutgoingConnections;
  const opened: PrismaClient[] = [];
  const errors: unknown[] = [];
  before(async () => {
    living = await startLivingDevices(database.location);
    connections = new OutgoingConnections();
  });
  beforeEach(async () => {
    receiver = await startReceiver();
    errors.length = 0;
  });
  afterEach(async () => {
    await receiver.close();
    for (const table of ['device_credentials', 'device', 'expiry_notice'])
      await database.sql(`DELETE FROM ${table}`);
  });
  after(async () => {
    await connections.destroy();
    for (const prisma of opened) await prisma.$disconnect();
    await living.close();
  });

  /** One replica, over connections of its own. */
  async function replica(url = receiver.url): Promise<ExpiryWatch> {
    const prisma = await openPrisma(database.location);
    opened.push(prisma);
    const store = {
      expiry: new ExpiryRepository(prisma),
      expiryNotices: new ExpiryNoticeRepository(prisma, database.kind),
    };
    return new ExpiryWatch({
      config: { checkEveryMs: 3_600_000, webhook: { url, secrets: [SECRET] } },
      store: async () => store,
      configured: () => [],
      connections,
      onError: (error) => void errors.push(error),
      now: () => living.clock.now,
      bounds: BOUNDS,
    });
  }

  async function ending(name: string, inDays: number, token = `${TOKEN}-${name}`) {
    const request = { kind: 'access_token', token: `first-${name}` } as const;
    const { device } = await living.devices.create({ name, profileName: 'default', gateway: false, request });
    await living.credentials.revoke(name);
    const window = { notAfter: living.clock.now + inDays * DAY_MS };
    await living.credentials.add(name, { kind: 'access_token', token }, window);
    return device;
  }

  const told = () =>
    receiver.messages.flatMap(itemsOf).map(({ device, withinDays }) => [device?.name, withinDays]);

  test('a token is announced 30, 7 and 1 days ahead, each once, signed, and without anything secret', async () => {
    const device = await ending('meter', 40);
    const watch = await replica();
    const start = living.clock.now;
    for (const day of [0, 9, 10.5, 11, 20, 33.5, 34, 39.2, 39.9, 41]) {
      living.clock.now = start + day * DAY_MS;
      assert.equal(await watch.check(), true);
    }
    assert.deepEqual(told(), [
      ['meter', 30],
      ['meter', 7],
      ['meter', 1],
    ]);
    const [message] = receiver.messages;
    assert.ok(message);
    const {
      'webhook-id': id,
      'webhook-timestamp': seconds,
      'webhook-signature': signature,
    } = message.headers;
    const content = `${id}.${seconds}.${message.body}`;
    assert.equal(signature, `v1,${createHmac('sha256', SECRET).update(content).digest('base64')}`);
    assert.equal(Number(seconds), (start + 10.5 * DAY_MS) / 1_000);
    const [item] = itemsOf(message);
    assert.deepEqual(
      [item?.kind, item?.device, item?.credentialsType, item?.ends],
      [
        'credentials',
        { id: device.id, name: 'meter' },
        'ACCESS_TOKEN',
        new Date(start + 40 * DAY_MS).toISOString(),
      ],
    );
    assert.ok(!JSON.stringify(receiver.messages).includes(TOKEN));
    assert.equal(watch.figures.noticesSent, 3);
  });

  test('what is made for a few days is announced by the nearest number only', async () => {
    await ending('short', 5);
    await (await replica()).check();
    assert.deepEqual(told(), [['short', 7]]);
  });

  test('a certificate that others saved is found out about, and announced by its fingerprint', async () => {
    const { raw, validTo, fingerprint256 } = new X509Certificate(goldenBytes('pki/p256.crt.pem'));
    const { id: device } = await ending('certified', 40);
    await database.sql(
      `INSERT INTO device_credentials (id, created_time, device_id, credentials_type, credentials_id, credentials_value, version)
        VALUES ('${randomUUID()}', 1, '${device}', 'X509_CERTIFICATE', 'by others', '${raw.toString('base64')}', 1)`,
    );
    const { now } = living.clock;
    living.clock.now = Date.parse(validTo) - DAY_MS / 2;
    await (await replica()).check();
    living.clock.now = now;
    const [item] = receiver.messages.flatMap(itemsOf);
    assert.deepEqual([item?.kind, item?.device?.name, item?.withinDays], ['certificate', 'certified', 1]);
    assert.equal(item?.certificateSha256, fingerprint256.replaceAll(':', '').toLowerCase());
  });

  test('what is being replaced is not announced, and is once the replacement is gone', async () => {
    const request = { kind: 'access_token' } as const;
    await living.devices.create({ name: 'rotated', profileName: 'default', gateway: false, request });
    const { credentials } = await living.credentials.rotate('rotated', { overlapMs: 5 * DAY_MS });
    const watch = await replica();
    await watch.check();
    assert.deepEqual(told(), []);
    await living.credentials.revoke('rotated', { credentials: credentials.id });
    await watch.check();
    assert.deepEqual(told(), [['rotated', 7]]);
  });

  test('an authority of a CA bundle and of a profile is announced once, with where it is used', async () => {
    const pem = goldenBytes('pki/root.crt.pem').toString();
    const root = new X509Certificate(pem);
    const ends = Date.parse(root.validTo);
    const sha256 = root.fingerprint256.replaceAll(':', '').toLowerCase();
    await database.sql(
      'INSERT INTO ca_bundle_certificate (bundle, sha256, created_time, subject, not_after, pem) VALUES (?, ?, 1, ?, CAST(? AS BIGINT), ?)',
      ...['edge', sha256, 'CN=Root', ends, pem],
    );
    const profileData = JSON.stringify({
      provisionConfiguration: { provisionDeviceSecret: root.raw.toString('base64') },
    });
    const id = '11111111-1111-4111-8111-111111111111';
    const json = database.kind === 'sqlite' ? '?' : 'CAST(? AS JSONB)';
    await database.sql(
      `INSERT INTO device_profile (id, created_time, name, provision_type, profile_data, version) VALUES ('${id}', 1, 'factory', 'X509_CERTIFICATE_CHAIN', ${json}, 1)`,
      profileData,
    );
    const before = living.clock.now;
    living.clock.now = ends - 6 * DAY_MS;
    const watch = await replica();
    assert.equal(await watch.check(), true, String(errors[0]));
    living.clock.now = before;
    const [item, ...others] = receiver.messages.flatMap(itemsOf);
    assert.deepEqual(others, []);
    assert.deepEqual([item?.kind, item?.subjectId, item?.withinDays], ['authority', sha256, 7]);
    assert.deepEqual(item?.usedBy, ['ca_bundle:edge', 'profile:factory']);
    await database.sql('DELETE FROM ca_bundle_certificate');
    await database.sql(`DELETE FROM device_profile WHERE id = '${id}'`);
  });

  for (const [what, ...behaviours] of [
    ['answers 500 and comes back', 500, 503, 204],
    ['cuts the connection and comes back', 'cut', 204],
    ['does not answer and comes back', 'hang', 204],
  ] as const)
    test(`a receiver that ${what} within the tries gets one message, each time the same`, async () => {
      await ending('patient', 20);
      receiver.behave(...behaviours);
      assert.equal(await (await replica()).check(), true);
      assert.equal(receiver.messages.length, behaviours.length);
      const ids = new Set(receiver.messages.map(({ headers }) => headers['webhook-id']));
      assert.equal(ids.size, 1);
      assert.deepEqual(errors, []);
    });

  test('a receiver that is away for longer is told at a later check, by whichever replica', async () => {
    await ending('waiting', 20);
    receiver.behave(500);
    const [one, other] = [await replica(), await replica()];
    assert.equal(await one.check(), false);
    assert.equal(receiver.messages.length, BOUNDS.tries);
    assert.deepEqual([one.figures.noticesSent, one.figures.sendingFailures], [0, 1]);
    assert.ok(one.figures.counts, 'what runs out is counted nevertheless');
    receiver.behave(204);
    assert.equal(await other.check(), true);
    assert.equal(receiver.messages.length, BOUNDS.tries + 1);
    assert.equal(await one.check(), true);
    assert.equal(receiver.messages.length, BOUNDS.tries + 1);
    assert.ok(!JSON.stringify(errors.map(String)).includes('127.0.0.1'), 'the URL may hold a secret');
  });

  test('a refusal is not repeated at once, and no redirection is followed', async () => {
    await ending('redirected', 20);
    const watch = await replica();
    for (const status of [404, 302]) {
      receiver.behave(status);
      assert.equal(await watch.check(), false);
    }
    assert.deepEqual(
      receiver.messages.map(({ path }) => path),
      ['/hook', '/hook'],
    );
  });

  test('nobody at the address is a failure that is told in words', async () => {
    await ending('nobody', 20);
    const watch = await replica('http://127.0.0.1:1/secret-path');
    assert.equal(await watch.check(), false);
    assert.match(String(errors[0]), /no answer \(ECONNREFUSED\)/);
  });

  test('two replicas that look at the same time send each notice once', async () => {
    const count = 250;
    const { id: device } = await ending('many', 40);
    const notAfter = living.clock.now + 20 * DAY_MS;
    const ids = Array.from({ length: count }, () => randomUUID());
    await database.sql(
      `INSERT INTO device_credentials (id, created_time, device_id, credentials_type, credentials_id, version)
        VALUES ${ids.map((id) => `('${id}', 1, '${device}', 'ACCESS_TOKEN', 'token-${id}', 1)`).join(', ')}`,
    );
    await database.sql(
      `INSERT INTO credentials_window (device_credentials_id, not_after)
        VALUES ${ids.map((id) => `('${id}', ${notAfter})`).join(', ')}`,
    );
    await database.sql("DELETE FROM device_credentials WHERE credentials_id LIKE '%-many'");
    const replicas = [await replica(), await replica()];
    const done = await Promise.all(replicas.map((one) => one.check()));
    assert.deepEqual(done, [true, true], String(errors[0]));
    const items = receiver.messages.flatMap(itemsOf);
    assert.equal(new Set(items.map(({ id }) => id)).size, count);
    assert.equal(items.length, count);
    assert.ok(receiver.messages.every((message) => itemsOf(message).length <= 100));
    assert.deepEqual(
      replicas.map(({ figures }) => figures.counts?.get('credentials 30')),
      [count, count],
    );
  });

  test('a notice that a replica took on and never sent is sent by another, later', async () => {
    await ending('orphaned', 20);
    receiver.behave('hang');
    const dying = await replica();
    const checking = dying.check();
    while (receiver.messages.length === 0) await new Promise((resolve) => setImmediate(resolve));
    // As if it had died: what it took on is not given back.
    const [row] = await database.sql<{ subject_id: string }>('SELECT subject_id FROM expiry_notice');
    await dying.stop();
    await checking;
    await database.sql('DELETE FROM expiry_notice');
    await database.sql(
      'INSERT INTO expiry_notice (subject_id, ends_at, days, claimed_until) VALUES (?, CAST(? AS BIGINT), 30, CAST(? AS BIGINT))',
      ...[row?.subject_id ?? '', living.clock.now + 20 * DAY_MS, living.clock.now + 60_000],
    );
    receiver.behave(204);
    const watch = await replica();
    await watch.check();
    assert.equal(receiver.messages.length, 1, 'the other may still be at it');
    living.clock.now += 60_001;
    await watch.check();
    assert.equal(receiver.messages.length, 2);
    living.clock.now -= 60_001;
  });
});
