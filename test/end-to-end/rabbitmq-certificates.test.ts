import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { RABBITMQ_DN, RABBITMQ_NAME } from '../../src/brokers/rabbitmq/client.ts';
import type { Config } from '../../src/config/config.ts';
import { serviceOf } from '../support/device-service.ts';
import { goldenBytes } from '../support/golden.ts';
import { without } from '../support/machine.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { accepted, published, refusalCode } from '../support/rabbitmq-client.ts';
import { type RabbitmqNode, startRabbitmq } from '../support/rabbitmq-node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/*
 * Certificate logins at a real RabbitMQ, which hands on a name and nothing else, as a user name without a password.
 */

const SECRET = 'a-secret-for-rabbitmq';
const PASSWORD = { clientId: 'c', username: 'an-ordinary-token', password: 'any' };

const pki = (name: string): Buffer => goldenBytes(`pki/${name}`);

const skip = without('rabbitmq');

for (const [loginFrom, method] of [
  ['common_name', 'get'],
  ['distinguished_name', 'post'],
] as const) {
  describe(`certificate login by ${loginFrom}, asked by ${method}`, { skip, timeout: 300_000 }, () => {
    const certificate = {
      ca: pki('root.crt.pem'),
      cert: pki('p256.crt.pem'),
      key: pki('p256.key.pem'),
    };
    let server: TestServer;
    let repository: OpenedDevices;
    let node: RabbitmqNode;

    before(async () => {
      server = await startTestServer({ THINGPASS_SECRET_RABBITMQ: SECRET });
      repository = await OpenedDevices.open(server.config.database);
      const devices = serviceOf(repository);
      for (const token of [PASSWORD.username, nameOf(certificate.cert, loginFrom)]) {
        const request = { kind: 'access_token', token } as const;
        await devices.create({ name: `has ${token}`, profileName: 'default', gateway: false, request });
      }
      const request = { kind: 'x509', certificate: certificate.cert.toString('latin1') } as const;
      await devices.create({ name: 'meter', profileName: 'default', gateway: false, request });
      node = await startRabbitmq({
        webhookUrl: `http://thingpass:${SECRET}@127.0.0.1:${server.port}/rabbitmq`,
        method,
        loginFrom,
      });
    });
    after(async () => {
      await node?.stop();
      await repository?.close();
      await server?.close();
    });

    it('a name that is not believed is nobody’s, and never a token of the same text', async () => {
      assert.equal(await refusalCode(node.tlsUrl, { ...certificate, clientId: 'c' }), 4);
      assert.ok(server.logged.some(({ reason }) => reason === 'certificate_name_not_enabled'));
    });

    it('user name and password win over the certificate, as RabbitMQ has it', async () => {
      const client = await accepted(node.tlsUrl, { ...certificate, ...PASSWORD });
      await client.endAsync();
      assert.equal(await refusalCode(node.tlsUrl, { ...certificate, ...PASSWORD, username: 'none' }), 4);
    });

    // The last: from here on the names are believed, and then password logins are not.
    it('a name that is believed lets in whose it is, and nobody else', async () => {
      await server.close();
      server = await startTestServer({
        THINGPASS_SECRET_RABBITMQ: SECRET,
        DATABASE_URL: `file:${fileOf(server.config)}`,
        THINGPASS_PORT: String(server.port),
        THINGPASS_CERTIFICATE_FORMS: `rabbitmq:${loginFrom === 'common_name' ? RABBITMQ_NAME : RABBITMQ_DN}`,
        THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'rabbitmq',
        THINGPASS_CERTIFICATE_NAMES: 'rabbitmq:credential',
      });
      const client = await accepted(node.tlsUrl, { ...certificate, clientId: 'meter' });
      assert.equal(await published(client, 'v1/devices/me/telemetry'), 'acknowledged');
      assert.equal(await published(client, 'somebody/elses'), 'closed');

      const unknown = { ...certificate, cert: pki('rsa2048.crt.pem'), key: pki('rsa2048.key.pem') };
      assert.equal(await refusalCode(node.tlsUrl, { ...unknown, clientId: 'other' }), 4);
      assert.ok(server.logged.some(({ reason }) => reason === 'certificate_name_unknown'));
      assert.equal(await refusalCode(node.tlsUrl, { ...certificate, ...PASSWORD }), 4);
      assert.ok(server.logged.some(({ reason }) => reason === 'certificate_required'));
      // Not RabbitMQ's authority's: the handshake ends before anybody is asked.
      const foreign = { ...certificate, cert: pki('selfsigned.crt.pem'), key: pki('selfsigned.key.pem') };
      assert.match(String(await refusalCode(node.tlsUrl, { ...foreign, clientId: 'other' })), /SSL/);
    });
  });
}

/** What RabbitMQ makes of a certificate (`rabbitmq.md` section 4). */
function nameOf(pem: Buffer, loginFrom: 'common_name' | 'distinguished_name'): string {
  const parts = new X509Certificate(pem).subject.split('\n').reverse();
  return loginFrom === 'distinguished_name'
    ? parts.join(',')
    : (parts.find((part) => part.startsWith('CN='))?.slice(3) ?? '');
}

function fileOf({ database }: Config): string {
  assert.ok(database.kind === 'sqlite');
  return database.file;
}
