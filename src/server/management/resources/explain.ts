import { Type } from 'typebox';
import { THROTTLE_KINDS } from '../../../config/throttle-settings.ts';
import { ThingPassError } from '../../../model/errors.ts';
import { BROKER_NAMES } from '../../../model/question.ts';
import type { AskedRequest } from '../explanation.ts';
import { operation } from '../operation.ts';
import { named, object, oneOf, TIME } from '../schemas.ts';
import { OUTCOME, STEPS, USERNAME_HASH } from './decisions.ts';

/** As long as MQTT allows (section 1.5.4 of MQTT 5). */
const TEXT_GIVEN = Type.Optional(Type.String({ maxLength: 65_535 }));
const ACTION = oneOf(['publish', 'subscribe', 'receive']);
const VERIFICATION = oneOf(['verified', 'failed', 'not_checked']);

const QUESTION = named(
  'NeutralQuestion',
  object(
    {
      broker: oneOf(BROKER_NAMES),
      clientId: TEXT_GIVEN,
      username: TEXT_GIVEN,
      password: TEXT_GIVEN,
      certificate: Type.Optional(
        Type.String({ maxLength: 65_535, description: 'The client’s certificate and its chain, PEM.' }),
      ),
      verification: Type.Optional(VERIFICATION),
      listener: TEXT_GIVEN,
      address: Type.Optional(
        Type.String({ maxLength: 255, description: 'The client’s, as the broker would give it.' }),
      ),
      topic: TEXT_GIVEN,
      action: Type.Optional(ACTION),
    },
    'A CONNECT, or with `topic` and `action` what a connected client may do.',
  ),
);

const HEADER_VALUE = Type.String({ maxLength: 65_535 });

const REQUEST = named(
  'BrokersRequest',
  object(
    {
      method: Type.String({ minLength: 1, maxLength: 20 }),
      path: Type.String({ minLength: 1, maxLength: 65_535, description: 'With the query.' }),
      headers: Type.Optional(
        Type.Record(Type.String(), Type.Union([HEADER_VALUE, Type.Array(HEADER_VALUE, { maxItems: 100 })]), {
          description: 'A header that was repeated has a list of values.',
        }),
      ),
      body: Type.Optional(Type.String({ description: 'In UTF-8; for other bytes there is `bodyBase64`.' })),
      bodyBase64: Type.Optional(Type.String()),
      peer: Type.Optional(
        Type.String({
          maxLength: 255,
          description: 'The address it came from: certificates in headers are believed from proxies only.',
        }),
      ),
    },
    'A request as a broker sent it, with the secret by which the broker proves itself.',
  ),
);

const TEXT = Type.Optional(Type.String());
const VERDICT = { outcome: OUTCOME, reason: TEXT, sentence: TEXT };

const EXPLANATION = named(
  'Explanation',
  object({
    ...VERDICT,
    broker: Type.Optional(oneOf(BROKER_NAMES)),
    endpoint: TEXT,
    role: TEXT,
    device: Type.Optional(object({ id: Type.String(), name: Type.String(), profile: Type.String() })),
    understood: Type.Optional(
      object(
        {
          kind: oneOf(['connect', 'scram', 'topic', 'identity', 'settled']),
          clientId: TEXT,
          username: Type.Optional(USERNAME_HASH),
          password: Type.Optional(Type.Boolean({ description: 'Whether one came.' })),
          address: TEXT,
          addressBelieved: Type.Optional(Type.Boolean()),
          listener: TEXT,
          protocolVersion: Type.Optional(Type.Integer()),
          certificate: Type.Optional(
            object({ kind: Type.String(), form: Type.String(), verification: TEXT }),
          ),
          topics: Type.Optional(Type.Array(object({ action: ACTION, topic: Type.String() }))),
        },
        'What was read; absent where the request was refused before, or could not be read.',
      ),
    ),
    steps: STEPS,
    lookups: Type.Array(object({ id: Type.String(), found: TEXT }), {
      description: 'Credentials ids that were looked up, named by short hashes.',
    }),
    blocked: Type.Optional(
      object(
        { by: oneOf(THROTTLE_KINDS), value: Type.String(), failures: Type.Integer(), until: TIME },
        'Why the client is refused at this moment whatever it brings.',
      ),
    ),
    unblocked: Type.Optional(object(VERDICT, 'What would be decided without the block.')),
    ignoredCertificates: Type.Array(Type.String()),
    connack: Type.Optional(
      Type.String({ description: 'What the client sees of this broker, such as `CONNACK 5, MQTT 5: 0x87`.' }),
    ),
    answer: Type.Optional(
      object(
        { status: Type.Integer(), body: TEXT },
        'What the broker is answered; without the body where that holds keys.',
      ),
    ),
    suggestion: TEXT,
  }),
);

const explain = operation({
  id: 'explain',
  method: 'POST',
  path: '/explain',
  tag: 'Decisions',
  scopes: ['read'],
  summary: 'Say what would be decided, and why',
  description:
    'The server’s own code decides, from the guard of a broker’s endpoint on. Nothing is written, counted or remembered by it.',
  body: Type.Union([object({ question: QUESTION }), object({ request: REQUEST })]),
  answers: { 200: { description: 'The explanation', schema: EXPLANATION } },
  problems: ['overloaded'],
  async handle({ body, explain }) {
    const asked = 'question' in body ? body : { request: requestOf(body.request) };
    return { status: 200, body: await explain(asked) };
  },
});

export const EXPLAIN_OPERATIONS = [explain];

interface GivenRequest extends Pick<AskedRequest, 'method' | 'path' | 'peer'> {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly bodyBase64?: string;
}

/** @throws {ThingPassError} for two bodies, and for what is not Base64. */
function requestOf({ method, path, peer, headers = {}, body, bodyBase64 }: GivenRequest): AskedRequest {
  if (body !== undefined && bodyBase64 !== undefined)
    throw new ThingPassError('request_invalid', 'there are two bodies');
  const bytes = Buffer.from(bodyBase64 ?? body ?? '', bodyBase64 === undefined ? 'utf8' : 'base64');
  if (bodyBase64 !== undefined && bytes.toString('base64') !== bodyBase64)
    throw new ThingPassError('request_invalid', 'bodyBase64 is not Base64');
  const inOrder = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  return { method, path, peer, headers: inOrder, body: bytes };
}
