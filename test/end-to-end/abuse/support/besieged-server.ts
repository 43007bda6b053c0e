import assert from 'node:assert/strict';
import type { BrokerName } from '../../../../src/model/question.ts';
import { Installation, type ServerProcess } from '../../../support/process.ts';
import { type SpokenFor, speakersFor } from '../../../support/speakers.ts';
import { DOORS, type Door } from './doors.ts';
import { recordRequests, TOPIC } from './recorded.ts';
import type { RawRequest } from './wire.ts';

const SECRET = 'the-secret-of-all-brokers';
const METER = { clientId: 'meter', username: 'user-of-the-meter' };
const STRANGERS: readonly SpokenFor[] = [
  { clientId: 'meter', username: 'token-that-nobody-has' },
  { clientId: 'meter', username: 'user-that-nobody-is', password: 'password-that-nobody-has' },
];
/** A stranger where passwords come; topics are asked about without. */
const GUESSER = { ...METER, password: 'not-the-password-of-it' };

/** What a broker sends to a door. */
export interface Asked {
  /** For clients that are known, */
  readonly known: readonly RawRequest[];
  /** and for those that are not. */
  readonly strange: readonly RawRequest[];
}

/** A server process of which somebody wants no good. */
export interface BesiegedServer {
  readonly port: number;
  readonly url: string;
  /** The brokers', as they send it. */
  readonly secret: string;
  /** A key with which everything may be read. */
  readonly apiKey: string;
  readonly asked: ReadonlyMap<Door, Asked>;
  /** A request of a known device, and the answer that lets it in. */
  readonly welcome: RawRequest;
  /**
   * @param strangersSecrets whether what strangers took for secrets must not be in the log either.
   * @throws unless it still answers everybody as it should, has logged no mistake, and none of the secrets.
   */
  assertSound(options?: { readonly strangersSecrets: boolean }): Promise<void>;
  stop(): Promise<unknown>;
}

export async function startBesieged(environment: Record<string, string> = {}): Promise<BesiegedServer> {
  const installation = new Installation({
    THINGPASS_SECRET: SECRET,
    THINGPASS_LOG_LEVEL: 'debug',
    ...environment,
  });
  const create = async (...args: string[]) =>
    (await installation.json<{ secret: string }>('device', 'create', ...args)).secret;
  const token = await create('by-token');
  const { username, clientId } = METER;
  const password = await create(
    ...['by-password', '--mqtt-basic', '--username', username, '--client-id', clientId],
  );
  const { key: apiKey } = await installation.json<{ key: string }>(
    ...['api-key', 'create', 'reader', '--scope', 'read'],
  );
  const server = await installation.serve();
  const tokenDevice = { clientId: 'by-token', username: token };
  const asked = await record(server, [tokenDevice, { ...METER, password }]);
  const secrets = [SECRET, token, password, apiKey];
  const guesses = [...STRANGERS, GUESSER].map(({ username, password }) => password ?? username);
  return {
    port: server.port,
    url: server.url,
    secret: SECRET,
    apiKey,
    asked,
    welcome: [...asked].find(([{ path }]) => path === '/v1/connect')?.[1].known[0] as RawRequest,
    async assertSound({ strangersSecrets } = { strangersSecrets: true }) {
      for (const [broker, { connect, topic }] of speakers(server, tokenDevice)) {
        assert.equal(await connect(), true, broker);
        if (topic !== undefined) assert.equal(await topic('publish', TOPIC), true, broker);
      }
      for (const stranger of [...STRANGERS, GUESSER]) {
        for (const [broker, { connect }] of speakers(server, stranger))
          assert.equal(await connect(), false, broker);
      }
      assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
      assertLog(server, strangersSecrets ? [...secrets, ...guesses] : secrets);
    },
    stop: () => server.stop(),
  };
}

const speakers = ({ url }: ServerProcess, client: SpokenFor) =>
  Object.entries(speakersFor(url, client, SECRET));

async function record(server: ServerProcess, devices: readonly SpokenFor[]): Promise<Map<Door, Asked>> {
  const recordAll = (clients: readonly SpokenFor[]) =>
    Promise.all(clients.map((client) => recordRequests(server.url, client, SECRET)));
  const known = await recordAll(devices);
  const strange = await recordAll(STRANGERS);
  const guesses = await recordAll([GUESSER]);
  return new Map(
    DOORS.map((door): [Door, Asked] => {
      const of = (recordings: readonly Map<BrokerName, RawRequest[]>[]) =>
        recordings.flatMap((recorded) => requestsFor(door, recorded.get(door.broker) ?? []));
      return [
        door,
        { known: of(known), strange: of(door.kind === 'connect' ? [...strange, ...guesses] : strange) },
      ];
    }),
  );
}

/** What the broker sends to a door; to one of which nothing was recorded, what it sends to its others. */
function requestsFor({ path, methods }: Door, recorded: readonly RawRequest[]): RawRequest[] {
  const own = recorded.filter(({ target }) => target === path);
  return (own.length > 0 ? own : recorded).flatMap((request) => {
    const method = methods.includes(request.method) ? request.method : (methods[0] as string);
    const sent = { ...request, method, target: path };
    return methods.includes('GET') && request.body.length > 0 ? [sent, asQuery(sent)] : [sent];
  });
}

/** The same fields in a query. */
function asQuery(request: RawRequest): RawRequest {
  const text = request.body.toString();
  const fields = text.startsWith('{')
    ? Object.entries(JSON.parse(text)).map(([name, value]): [string, string] => [name, String(value)])
    : [...new URLSearchParams(text)];
  const target = `${request.target}?${new URLSearchParams(fields)}`;
  return { ...request, method: 'GET', target, body: Buffer.alloc(0) };
}

function assertLog({ output, errors }: ServerProcess, secrets: readonly (string | undefined)[]): void {
  const mistakes = output
    .split('\n')
    .filter((line) => line !== '')
    .filter((line) => ['error', 'fatal'].includes((JSON.parse(line) as { level: string }).level));
  assert.deepEqual(mistakes, []);
  for (const secret of secrets)
    assert.deepEqual(
      (output + errors).split('\n').filter((line) => line.includes(secret as string)),
      [],
    );
}
