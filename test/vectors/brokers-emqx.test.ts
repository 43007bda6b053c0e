import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { EMQX_CERT_PEM } from '../../src/engine/certificates/forms/bodies/emqx.ts';
import { deny, unavailable } from '../../src/model/decision.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../src/model/peer-certificate.ts';
import type { Question } from '../../src/model/question.ts';
import { emqxReads } from '../../src/tools/broker-simulator/emqx-reads.ts';
import { type AskedServer, startAskedServer } from '../support/asked-server.ts';
import { RawConnection, readCapture, withPath } from '../support/captured-request.ts';
import { ALLOW, SCRAM_KEYS } from '../support/decisions.ts';
import { GOLDEN, goldenFile, goldenJson } from '../support/golden.ts';

const CAPTURES = 'captures/emqx';

interface Exchange {
  readonly file: string;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>> | null;
}

interface Scenario {
  readonly exchanges?: readonly Exchange[];
}

const SECRET = 'a-secret-for-emqx';

let plain: AskedServer;
let believing: AskedServer;
let toPlain: RawConnection;
let toBelieving: RawConnection;
before(async () => {
  plain = await startAskedServer();
  believing = await startAskedServer({
    THINGPASS_SECRET_EMQX: SECRET,
    THINGPASS_CERTIFICATE_FORMS: `emqx:${EMQX_CERT_PEM}, emqx:emqx_name`,
  });
  // EMQX keeps its connections for ever: two of them carry every request below.
  toPlain = await RawConnection.open(plain.port);
  toBelieving = await RawConnection.open(believing.port);
});
after(async () => {
  toPlain.close();
  toBelieving.close();
  await Promise.all([plain.close(), believing.close()]);
});

/** Every path that a captured authenticator or source had, by what it was for. */
const CHECKS = { authn: '/emqx/authentication', authz: '/emqx/authorization', scram: '/emqx/scram' } as const;

const PASSPORT = 'a-sealed-text';

const versions = existsSync(join(GOLDEN, CAPTURES))
  ? readdirSync(join(GOLDEN, CAPTURES)).filter((name) =>
      existsSync(join(GOLDEN, CAPTURES, name, 'index.json')),
    )
  : ['5.8.9', '6.2.2'];

for (const version of versions) {
  goldenFile(
    `${CAPTURES}/${version}/index.json`,
    () =>
      goldenJson<Scenario[]>(`${CAPTURES}/${version}/index.json`).flatMap(({ exchanges }) => exchanges ?? []),
    async (one) => {
      const check = one.path.split('/')[1] as keyof typeof CHECKS;
      assert.ok(check in CHECKS, one.path);
      const request = readCapture(`${CAPTURES}/${version}/${one.file}`);
      const fields = fieldsOf(one);
      for (const [server, connection, secretPath, certificate] of [
        [plain, toPlain, '', NO_CERTIFICATE],
        [believing, toBelieving, `/k/${SECRET}`, certificateIn(fields)],
      ] as const) {
        const expected = expectedQuestion(check, fields, certificate, server === plain);
        for (const decision of [
          { ...ALLOW, passport: PASSPORT, scramKeys: SCRAM_KEYS, expiresAt: Date.now() + 3_600_000 },
          deny('credentials_unknown'),
          unavailable('storage_unavailable'),
        ]) {
          server.decide = () => decision;
          server.forget();
          connection.write(withPath(request, secretPath + CHECKS[check]));
          const reply = await connection.reply();
          assert.deepEqual(server.question, expected);

          const known = expected !== undefined && (check !== 'scram' || decision.outcome === 'allow');
          const allowed = decision.outcome === 'allow' && known;
          const refused = check === 'authz' ? 'not_allowed' : 'not_authorized';
          const outcome = emqxReads(
            check,
            { ...reply, headers: Object.fromEntries(reply.headers) },
            Date.now() / 1_000,
          );
          assert.equal(outcome, allowed ? 'allow' : refused, reply.body);
          assert.match(reply.headers.get('content-type') ?? '', /^application\/json(;|$)/);
          assert.notEqual(reply.headers.get('connection'), 'close');
          const cannotDecide = decision.outcome === 'unavailable' && known;
          const status = check === 'authn' && cannotDecide ? 503 : check === 'scram' && !allowed ? 404 : 200;
          assert.equal(reply.status, status);
          assert.ok(!reply.body.includes('superuser'));
        }
      }
    },
  );
}

/** The index has what GET brings under `query`, together with the url's own. */
function fieldsOf(one: Exchange): Readonly<Record<string, string>> {
  const fields = one.method === 'GET' ? one.query : one.fields;
  assert.ok(fields);
  return fields;
}

/** @returns `undefined` where nothing says who the client is. */
function expectedQuestion(
  check: keyof typeof CHECKS,
  fields: Readonly<Record<string, string>>,
  certificate: PresentedCertificate,
  nothingIsRead: boolean,
): Question | undefined {
  const client = {
    broker: 'emqx',
    clientId: fields.clientid ?? '',
    username: fields.username || undefined,
    certificate,
    peerAddress: fields.peerhost || undefined,
    listener: fields.listener || undefined,
  } as const;
  if (check === 'scram') {
    const { username = '' } = client;
    return { kind: 'scram', attempt: { ...client, username, algorithm: 'sha256', iterations: 4096 } };
  }
  if (check === 'authn') {
    const password = fields.password || undefined;
    if (!client.clientId && !client.username && !password && certificate.kind === 'none') return undefined;
    const ignoredCertificates = nothingIsRead ? ignoredIn(fields) : undefined;
    return { kind: 'connect', attempt: { ...client, password, ignoredCertificates } };
  }
  const { action, topic = '', qos, retain } = fields;
  assert.ok(action === 'publish' || action === 'subscribe');
  const asked = { action, topic, qos: Number(qos) as 0 | 1 | 2, retain: retain === 'true' } as const;
  return { kind: 'topic', accesses: [{ ...client, ...asked, passport: fields.client_attrs__thingpass }] };
}

/** What is not read where no form is enabled, but told. */
function ignoredIn(fields: Readonly<Record<string, string>>): string[] | undefined {
  const ignored = [
    ...(fields.cert_pem ? ['cert_pem, a certificate as emqx_cert_pem'] : []),
    ...(fields.cert_common_name ? ['cert_common_name, a certificate as emqx_name'] : []),
    ...(!fields.cert_common_name && fields.cert_subject ? ['cert_subject, a certificate as emqx_name'] : []),
    ...(['username', 'clientid'] as const).flatMap((place) => {
      const text = fields[place] ?? '';
      if (text.length > 1_000 && text === fields.cert_pem)
        return [`${place}, a certificate as emqx_${place}_pem`];
      return text.startsWith('0\ufffd') ? [`${place}, a certificate as emqx_${place}_crt`] : [];
    }),
  ];
  return ignored.length === 0 ? undefined : ignored;
}

/** The whole certificate is only in authentication requests; elsewhere its names are (section 6). */
function certificateIn(fields: Readonly<Record<string, string>>): PresentedCertificate {
  const { cert_pem: certPem, cert_common_name: commonName, cert_subject: subject } = fields;
  if (certPem) {
    const der = Buffer.from(certPem, 'base64');
    return { kind: 'certificate', form: EMQX_CERT_PEM, der, chain: [], verification: 'not_checked' };
  }
  if (!commonName && !subject) return NO_CERTIFICATE;
  return {
    kind: 'name',
    form: 'emqx_name',
    commonName: commonName || undefined,
    subject: subject || undefined,
  };
}
