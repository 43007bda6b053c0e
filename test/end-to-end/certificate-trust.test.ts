import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { denyValue } from '../../src/fleet/devices/deny-entry.ts';
import type { CredentialsRequest } from '../../src/fleet/devices/new-credentials.ts';
import { profileCertificate } from '../../src/fleet/devices/profile-certificate.ts';
import { DenyRepository } from '../../src/storage/repositories/deny-repository.ts';
import { ProfileTrustRepository } from '../../src/storage/repositories/profiles/profile-trust-repository.ts';
import { type Issued, OpensslAuthority } from '../engine/certificates/trust/support/openssl-authority.ts';
import { eventually } from '../engine/certificates/trust/support/trust-of.ts';
import { serviceOf } from '../support/device-service.ts';
import { OpenedDevices, openPrisma } from '../support/prisma.ts';
import { makeProvisionProfile } from '../support/provision-profile.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SECRET = 'a-secret-of-the-callers';
const folder = temporaryFolder();
const root = new OpensslAuthority(folder, { name: 'root' });
const stranger = new OpensslAuthority(folder, { name: 'stranger' });
const trusted = root.issue({ name: 'trusted' });
const foreign = stranger.issue({ name: 'foreign' });
const forServers = root.issue({
  name: 'for servers',
  extensions: ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth'],
});
const lost = root.issue({ name: 'lost' });
const authorities = join(folder, 'authorities.pem');
const list = join(folder, 'list.pem');
writeFileSync(authorities, root.own.pem);
copyFileSync(root.crl(), list);

const SETTINGS = {
  THINGPASS_SECRET: SECRET,
  THINGPASS_CERTIFICATE_FORMS: 'generic:generic_certificate,forward_auth:nginx,emqx:emqx_cert_pem',
  THINGPASS_UNCHECKED_CERTIFICATES: 'emqx:emqx_cert_pem',
  THINGPASS_PROXIES: '127.0.0.1',
  THINGPASS_CLIENT_CA_FILE: authorities,
  THINGPASS_CERTIFICATE_PATH: 'require',
  THINGPASS_CERTIFICATE_USAGE: 'require',
  THINGPASS_CRL: 'require',
  THINGPASS_CRL_FILES: list,
};

const ACTOR = { name: 'test', origin: 'test' };

function databaseOf({ config: { database } }: TestServer): string {
  return database.kind === 'sqlite' ? `file:${database.file}` : database.url;
}

let server: TestServer;
let lenient: TestServer;
before(async () => {
  server = await startTestServer(SETTINGS);
  lenient = await startTestServer({
    ...SETTINGS,
    THINGPASS_CERTIFICATE_PATH: 'warn',
    THINGPASS_CERTIFICATE_USAGE: 'warn',
    THINGPASS_CRL: 'warn',
  });
  for (const { config } of [server, lenient]) {
    const devices = await OpenedDevices.open(config.database);
    const service = serviceOf(devices);
    for (const [name, { pem }] of Object.entries({ trusted, foreign, forServers, lost })) {
      const request = { kind: 'x509', certificate: pem } as const;
      await service.create({ name, profileName: 'default', gateway: false, request });
    }
    await devices.close();
  }
});
after(async () => {
  await server.close();
  await lenient.close();
});

interface Said {
  readonly status: number;
  readonly reason?: string;
}

async function connect(device: Issued, at = server, sent: readonly Issued[] = []): Promise<Said> {
  const response = await fetch(`${at.url}/v1/connect`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-thingpass-secret': SECRET },
    body: JSON.stringify({
      clientId: 'c',
      certificate: device.pem,
      certificateChain: sent.map(({ pem }) => pem),
      certificateVerified: true,
    }),
  });
  const { reason } = (await response.json()) as { reason?: string };
  return reason === undefined ? { status: response.status } : { status: response.status, reason };
}

async function forwardAuth(device: Issued): Promise<number> {
  const headers = {
    'x-thingpass-secret': SECRET,
    'x-ssl-client-cert': encodeURIComponent(device.pem),
    'x-ssl-client-verify': 'SUCCESS',
  };
  return (await fetch(`${server.url}/forward-auth`, { headers })).status;
}

test('a registered certificate must satisfy the rules, in whichever form it comes', async () => {
  assert.deepEqual(await connect(trusted), { status: 200 });
  assert.deepEqual(await connect(foreign), { status: 403, reason: 'certificate_untrusted' });
  assert.deepEqual(await connect(forServers), { status: 403, reason: 'certificate_usage_mismatch' });
  assert.equal(await forwardAuth(trusted), 200);
  assert.equal(await forwardAuth(foreign), 403);
  const emqx = async ({ pem }: Issued): Promise<unknown> => {
    const response = await fetch(`${server.url}/emqx/authentication`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-thingpass-secret': SECRET },
      body: JSON.stringify({ clientid: 'c', username: 'u', password: '', cert_pem: pem }),
    });
    return ((await response.json()) as { result: string }).result;
  };
  assert.equal(await emqx(trusted), 'allow');
  assert.equal(await emqx(foreign), 'deny');
});

test('the refusal’s line in the log says which rule objected, and why', async () => {
  await connect(foreign);
  const line = server.logged.find(({ reason }) => reason === 'certificate_untrusted');
  const steps = line?.steps as { step: string; detail: string }[] | undefined;
  assert.deepEqual(steps?.at(-1), {
    step: 'certificate_path',
    detail: 'its issuer CN=stranger,O=Trust Test is not a configured authority',
  });
});

test('with warn everybody is admitted, and the log names the problem', async () => {
  assert.deepEqual(await connect(foreign, lenient), { status: 200 });
  assert.deepEqual(await connect(forServers, lenient), { status: 200 });
  const rules = lenient.logged
    .filter(({ msg }) => msg === 'client admitted although a rule objects to the certificate')
    .map(({ rule }) => rule);
  assert.ok(rules.includes('path') && rules.includes('usage'), rules.join());
});

test('a certificate is revoked as soon as the list is there', async () => {
  assert.deepEqual(await connect(lost), { status: 200 });
  root.revoke(lost);
  copyFileSync(root.crl(), list);
  await eventually(async () => (await connect(lost)).reason === 'certificate_revoked');
  assert.deepEqual(await connect(trusted), { status: 200 });
});

test('nothing is created for a client that trust refuses', async () => {
  const profile = profileCertificate(stranger.own.pem);
  for (const at of [server, lenient]) {
    await makeProvisionProfile(at.config.database, {
      type: 'X509_CERTIFICATE_CHAIN',
      key: profile.provisionDeviceKey,
    });
    if (at.config.database.kind !== 'sqlite') throw new Error('an SQLite file is wanted');
    const { default: Database } = await import('libsql');
    const direct = new Database(at.config.database.file, { timeout: 1_000 });
    direct.prepare("UPDATE device_profile SET profile_data = ? WHERE name = 'pumps'").run(
      JSON.stringify({
        provisionConfiguration: {
          certificateRegExPattern: '(.*)',
          allowCreateNewDevicesByX509Certificate: true,
        },
      }),
    );
    direct.close();
  }
  const newcomer = stranger.issue({ name: 'newcomer' });
  const find = async ({ config }: TestServer): Promise<boolean> => {
    const devices = await OpenedDevices.open(config.database);
    const found = await devices.find('newcomer');
    await devices.close();
    return found !== undefined;
  };
  assert.deepEqual(await connect(newcomer, server, [stranger.own]), {
    status: 403,
    reason: 'certificate_untrusted',
  });
  assert.equal(await find(server), false);
  assert.deepEqual(await connect(newcomer, lenient, [stranger.own]), { status: 200 });
  assert.equal(await find(lenient), true);
});

test('what is put on the deny list is refused at the next decision, at every process', async () => {
  const stolen = root.issue({ name: 'stolen' });
  const devices = await OpenedDevices.open(server.config.database);
  const service = serviceOf(devices);
  const make = (name: string, request: CredentialsRequest) =>
    service.create({ name, profileName: 'default', gateway: false, request });
  await make('stolen', { kind: 'x509', certificate: stolen.pem });
  const gone = await make('gone', { kind: 'access_token' });
  await devices.close();
  const second = await startTestServer({ ...SETTINGS, DATABASE_URL: databaseOf(server) });
  const prisma = await openPrisma(server.config.database);
  const list = new DenyRepository(prisma);
  const byToken = async (at: TestServer): Promise<string | undefined> => {
    const response = await fetch(`${at.url}/v1/connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-thingpass-secret': SECRET },
      body: JSON.stringify({ username: gone.secret?.value }),
    });
    return ((await response.json()) as { reason?: string }).reason;
  };
  try {
    for (const at of [server, second]) {
      assert.deepEqual(await connect(stolen, at), { status: 200 });
      assert.equal(await byToken(at), undefined);
    }
    const serial = new X509Certificate(stolen.pem).serialNumber;
    await list.put('certificate_serial', denyValue('certificate_serial', serial), 'stolen', ACTOR);
    await list.put('device', gone.device.id, undefined, ACTOR);
    for (const at of [server, second]) {
      await eventually(async () => (await connect(stolen, at)).reason === 'denied_by_list');
      await eventually(async () => (await byToken(at)) === 'denied_by_list');
      assert.deepEqual(await connect(trusted, at), { status: 200 });
    }
  } finally {
    await prisma.$disconnect();
    await second.close();
  }
});

test('metrics tell when authorities and lists end', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const end = Date.UTC(2060, 0, 1) / 1_000;
  assert.match(
    text,
    new RegExp(`^thingpass_client_authority_expires_seconds\\{.*CN=root,O=Trust Test.*\\} ${end}$`, 'm'),
  );
  assert.match(text, /^thingpass_revocation_list_expires_seconds\{.*CN=root,O=Trust Test.*\} \d+$/m);
});

test('a profile may ask for less than the installation, from the next decision on', async () => {
  assert.equal((await connect(foreign)).reason, 'certificate_untrusted');
  const prisma = await openPrisma(server.config.database);
  const profile = await prisma.deviceProfile.findFirstOrThrow({ where: { name: 'default' } });
  const policies = new ProfileTrustRepository(prisma);
  await policies.put(profile.id, { path: 'warn' }, ACTOR);
  await eventually(async () => (await connect(foreign)).status === 200);
  await policies.put(profile.id, {}, ACTOR);
  await eventually(async () => (await connect(foreign)).reason === 'certificate_untrusted');
  await prisma.$disconnect();
});

test('a file of authorities that cannot be used stops the start', async () => {
  const broken = join(folder, 'broken.pem');
  writeFileSync(broken, 'nothing');
  await assert.rejects(
    startTestServer({ ...SETTINGS, THINGPASS_CLIENT_CA_FILE: broken }),
    /THINGPASS_CLIENT_CA_FILE .*contains no certificate in PEM/,
  );
});
