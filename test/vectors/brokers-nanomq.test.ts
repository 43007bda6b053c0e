import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { nanomq } from '../../src/brokers/nanomq/dialect.ts';
import { unavailable } from '../../src/model/decision.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../src/model/peer-certificate.ts';
import type { Question } from '../../src/model/question.ts';
import { type AskedServer, startAskedServer } from '../support/asked-server.ts';
import {
  type CapturedRequest,
  RawConnection,
  type RawReply,
  readCapture,
  withPath,
} from '../support/captured-request.ts';
import { ALLOW, EVERY_DECISION } from '../support/decisions.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';

const CAPTURES = 'captures/nanomq';
const RESPONSES = 'vectors/nanomq/responses.json';

interface Capture {
  readonly file: string;
  readonly endpoint: 'auth' | 'superuser' | 'acl';
  readonly method: string;
  readonly fields: Readonly<Record<string, string>>;
}

const SECRET = 'a-secret-for-nanomq';

let plain: AskedServer;
let believing: AskedServer;
before(async () => {
  plain = await startAskedServer();
  believing = await startAskedServer({
    THINGPASS_SECRET_NANOMQ: SECRET,
    THINGPASS_CERTIFICATE_FORMS: `nanomq:nanomq_name`,
  });
});
after(() => Promise.all([plain.close(), believing.close()]));

/** NanoMQ opens a connection for each request and closes it after the answer's head. */
async function ask(server: AskedServer, bytes: Buffer): Promise<RawReply> {
  const connection = await RawConnection.open(server.port);
  try {
    connection.write(bytes);
    return await connection.reply();
  } finally {
    connection.close();
  }
}

/** `nanomq.md` sections 1 and 2: the status decides; a head beyond its buffer or an interim answer does not count. */
function nanomqReads(status: number, headBytes: number): 'allow' | 'deny' {
  return status === 200 && headBytes < 16_384 ? 'allow' : 'deny';
}

goldenFile(
  `${CAPTURES}/index.json`,
  () => goldenJson<Capture[]>(`${CAPTURES}/index.json`),
  async (one) => {
    const request = readCapture(`${CAPTURES}/${one.file}`);
    for (const [server, secretPath, certificate] of [
      [plain, '', NO_CERTIFICATE],
      [believing, `/k/${SECRET}`, certificateIn(one, request)],
    ] as const) {
      const bytes = withPath(request, `${secretPath}/nanomq/${one.endpoint}`);
      const expected = expectedQuestion(one, request, certificate);
      for (const decision of [ALLOW, unavailable('storage_unavailable')]) {
        server.decide = () => decision;
        server.forget();
        const reply = await ask(server, bytes);
        const settled = expected === undefined || expected === 'settled';
        const status = settled ? (expected ? 403 : 400) : decision.outcome === 'allow' ? 200 : 503;
        assert.equal(reply.status, status);
        assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8');
        assert.equal(JSON.parse(reply.body).result === 'allow', status === 200);
        if (expected === 'settled') assert.equal(server.question?.kind, 'settled');
        else assert.deepEqual(server.question, expected);
      }
    }
  },
);

function expectedQuestion(
  one: Capture,
  request: CapturedRequest,
  certificate: PresentedCertificate,
): Question | 'settled' | undefined {
  if (one.endpoint === 'superuser') return 'settled';
  if (repeats(request)) return undefined;
  const fields = indexFields(one, request);
  const clientId = fields.clientid ?? '';
  const client = {
    broker: 'nanomq',
    clientId,
    username: fields.username || undefined,
    password: fields.password || undefined,
    certificate,
    peerAddress: fields.ipaddr || undefined,
    listener: fields.sockport,
  } as const;
  if (one.endpoint === 'auth') {
    if (!clientId && !client.username && !client.password) return undefined;
    const protocolVersion = fields.protocol === 'MQIsdp' ? 3 : undefined;
    const named = fields.common_name ? 'common_name' : fields.subject ? 'subject' : undefined;
    const ignored = named !== undefined && certificate.kind === 'none';
    const ignoredCertificates = ignored ? [`${named}, a certificate as nanomq_name`] : undefined;
    return { kind: 'connect', attempt: { ...client, ignoredCertificates, protocolVersion } };
  }
  const topic = fields.topic ?? '';
  if (fields.access === '2' && topic === `$SYS/brokers/client_status/${clientId}`) return 'settled';
  const topics = fields.access === '1' ? topic.split(',') : [topic];
  const action = fields.access === '1' ? 'subscribe' : 'publish';
  return { kind: 'topic', accesses: topics.map((each) => ({ ...client, action, topic: each })) };
}

/** A name is believed from JSON only: forms were not encoded once, and do not tell the version that sent them. */
function certificateIn(one: Capture, request: CapturedRequest): PresentedCertificate {
  const { common_name: commonName, subject } = one.fields;
  if (commonName === undefined && subject === undefined) return NO_CERTIFICATE;
  if (request.body.toString('latin1', 0, 1) === '{') {
    return { kind: 'name', form: 'nanomq_name', commonName, subject };
  }
  const detail = 'a name in a form or query may be the client’s own text: let NanoMQ send JSON';
  return { kind: 'unreadable', form: 'nanomq_name', detail };
}

/** Old brokers paste `&` into forms; a second field of a name that we read is a refusal. */
function repeats(request: CapturedRequest): boolean {
  const form = request.method === 'GET' ? request.query.slice(1) : request.body.toString('latin1');
  if (form.startsWith('{')) return false;
  const names = form.split('&').map((pair) => pair.split('=')[0]);
  return names.length !== new Set(names).size;
}

/** The index's fields; its decoder knew neither the second question mark nor unencoded UTF-8. */
function indexFields(one: Capture, request: CapturedRequest): Record<string, string> {
  const fields: Record<string, string> = {};
  const unencoded = one.method === 'POST' && request.body.some((byte) => byte > 0x7f);
  const latin1 = unencoded && !request.body.toString('latin1').startsWith('{');
  for (const [name, value] of Object.entries(one.fields)) {
    const [, hidden, rest] = /^[^?]*\?(\w+)=(.*)$/.exec(value) ?? [];
    if (one.method === 'GET' && hidden !== undefined && request.query.includes(`?${hidden}=`, 1)) {
      fields[hidden] = rest ?? '';
    } else
      fields[name] = latin1 ? Buffer.from(value, 'latin1').toString('utf8') : whole(name, value, request);
  }
  return fields;
}

/** The index shortens what is very long to `xxxx... (60000 chars)`. */
function whole(name: string, value: string, request: CapturedRequest): string {
  const [, start, length] = /^(.*)\.\.\. \((\d+) chars\)$/.exec(value) ?? [];
  if (start === undefined) return value;
  const body = request.body.toString();
  const sent = body.startsWith('{')
    ? JSON.parse(body)[name]
    : new URLSearchParams(request.query || body).get(name);
  assert.ok(sent.startsWith(start));
  assert.equal(sent.length, Number(length));
  return sent;
}

interface Row {
  readonly response: string;
  readonly observed: Readonly<Record<string, { readonly decision: string }>>;
}

/** What our replies make of NanoMQ's one rule; statuses of ours, by what they must mean. */
const OURS = new Map<number, 'allow' | 'deny'>();
for (const endpoint of nanomq.endpoints) {
  for (const decision of EVERY_DECISION) {
    OURS.set(endpoint.answer(decision, undefined).status, decision.outcome === 'allow' ? 'allow' : 'deny');
  }
}

goldenFile(
  RESPONSES,
  () => {
    const { auth, acl } = goldenJson<{ auth: Row[]; acl: Row[] }>(RESPONSES);
    return [...auth, ...acl];
  },
  (row) => {
    const answered = /^\d{3}/.exec(row.response)?.[0];
    // Rows without a status are about time and transport: only an answer in time may allow.
    const status = answered === undefined ? (row.response === 'slow-1s' ? 200 : 0) : Number(answered);
    const headBytes = row.response === '200-huge-header' ? 20_480 : 0;
    const expected = nanomqReads(status, headBytes);
    for (const [version, { decision }] of Object.entries(row.observed)) {
      assert.equal(decision, expected, version);
      if (headBytes === 0 && OURS.has(status)) assert.equal(decision, OURS.get(status), version);
    }
  },
);
