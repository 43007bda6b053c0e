/**
 * Aedes asks ThingPass: three hooks for a broker of your own. Copy this file beside your broker.
 *
 *   import { Aedes } from 'aedes';
 *   import { thingpass } from './thingpass.mjs';
 *   const broker = await Aedes.createBroker(thingpass({ url: 'http://127.0.0.1:8080', secret: '…' }));
 *
 * For client certificates, hand the upgrade request to the broker: `broker.handle(stream, request)`. Its certificate
 * headers are relayed to ThingPass, which believes the forms that are enabled for `generic` (see README.md). A
 * listener of your own that ends TLS, or decodes the PROXY protocol, may set `stream.thingpass` instead, such as
 * `{ certificate: '<PEM>', certificateVerified: true }` or `{ certificateCommonName: 'meter-1', certificateVerified: true }`.
 */

/** Headers that proxies write certificates into; others are the client's business and are not relayed. */
const CERTIFICATE_HEADER =
  /^(x-ssl-client|ssl-client|client-cert|x-forwarded-client-cert|x-forwarded-tls|x-client-cert)/;

/** A question that takes longer is answered "not now": the client comes again. */
const TIMEOUT_MS = 5_000;

/** @param {{ url: string, secret?: string }} options where ThingPass is, and how this broker proves itself to it */
export function thingpass({ url, secret }) {
  async function ask(client, path, question) {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: {
        ...certificateHeaders(client.req),
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { 'x-thingpass-secret': secret }),
      },
      body: JSON.stringify({ clientId: client.id, ...question, ...client.conn?.thingpass }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.json();
  }

  const usernames = new WeakMap();

  return {
    authenticate(client, username, password, done) {
      usernames.set(client, username);
      ask(client, '/v1/connect', { username, password: password?.toString() }).then(
        ({ result, reason, connack }) => {
          if (result === 'allow') return done(null, true);
          done(Object.assign(new Error(reason), { returnCode: connack.v3 }), false);
        },
        // No answer: "server unavailable", so that the client tries again instead of giving up.
        (error) => done(Object.assign(error, { returnCode: 3 }), false),
      );
    },

    authorizePublish(client, packet, done) {
      if (client === null) return done(null);
      const { topic, qos, retain } = packet;
      ask(client, '/v1/authorize', {
        username: usernames.get(client),
        action: 'publish',
        topic,
        qos,
        retain,
      }).then(
        ({ result, reason }) => done(result === 'allow' ? null : new Error(reason)),
        (error) => done(error),
      );
    },

    authorizeSubscribe(client, subscription, done) {
      if (client === null) return done(null, subscription);
      const { topic, qos } = subscription;
      ask(client, '/v1/authorize', { username: usernames.get(client), action: 'subscribe', topic, qos }).then(
        // A subscription of null is answered with 0x80: refused.
        ({ result }) => done(null, result === 'allow' ? subscription : null),
        (error) => done(error),
      );
    },
  };
}

/** Each line by itself: a header that came twice must be seen to have come twice. */
function certificateHeaders(request) {
  const headers = {};
  const raw = request?.rawHeaders ?? [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at].toLowerCase();
    if (!CERTIFICATE_HEADER.test(name)) continue;
    if (name in headers) throw new Error(`the certificate header ${name} came twice`);
    headers[name] = raw[at + 1];
  }
  return headers;
}
