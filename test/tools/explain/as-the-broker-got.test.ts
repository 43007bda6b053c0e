import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Explanation } from '../../../src/server/management/explanation.ts';
import { withExplainer } from '../../../src/tools/explain/open.ts';
import { RawConnection, readCapture, withPath } from '../../support/captured-request.ts';
import { GOLDEN } from '../../support/golden.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

/* Requests that real brokers sent: what explain says of each is what the server answered and logged. */

const SECRET = 'a-secret-of-all-the-brokers';

const CAPTURES: readonly (readonly [capture: string, path: string])[] = [
  ['emqx/5.8.9/03-all-username-only-01.http', '/emqx/authentication'],
  ['nanomq/acl-get-form--connect.1-auth.http', '/nanomq/auth'],
  ['nanomq/acl-get-form--pub-qos0.2-acl.http', '/nanomq/acl'],
  ['mosquitto-go-auth/01-json-status-01-user.http', '/mosquitto/user'],
  ['mosquitto-go-auth/01-json-status-03-acl-acc4.http', '/mosquitto/acl'],
  ['mosquitto-go-auth/03-json-method-get-01-user.http', '/mosquitto/user'],
  ['rabbitmq/get.connect-only.01-user.http', '/rabbitmq/user'],
  ['rabbitmq/get.connect-only.02-vhost.http', '/rabbitmq/vhost'],
  ['vernemq/2.2.0.auth_on_register.http', '/vernemq'],
  ['vernemq/2.2.0.auth_on_subscribe.two.http', '/vernemq'],
  ['rmqtt/auth-post-form--basic.http', '/rmqtt/auth'],
  ['tbmq/post-default--basic.http', '/tbmq'],
];

let server: TestServer;
before(async () => {
  server = await startTestServer({ THINGPASS_SECRET: SECRET });
});
after(() => server.close());

for (const [capture, path] of CAPTURES) {
  for (const guard of ['', `/k/${SECRET}`, '/k/another-secret-of-somebody']) {
    test(`${capture} at ${guard}${path}`, async (context) => {
      const file = `captures/${capture}`;
      if (!existsSync(join(GOLDEN, file))) return context.skip(`${file} is not in ${GOLDEN}`);
      const captured = readCapture(file);
      const connection = await RawConnection.open(server.port);
      connection.write(withPath(captured, guard + path));
      const real = await connection.reply();
      connection.close();
      const logged = server.logged.findLast(({ endpoint }) => endpoint !== undefined);
      const explained = await explain(captured, guard + path);
      assert.deepEqual(explained.answer, { status: real.status, body: real.body });
      assert.deepEqual(
        [explained.broker, explained.endpoint, explained.reason],
        [logged?.broker, logged?.endpoint, logged?.reason],
      );
      assert.equal(explained.reason === 'guard_refused', guard !== `/k/${SECRET}`);
    });
  }
}

function explain(captured: ReturnType<typeof readCapture>, path: string): Promise<Explanation> {
  const head = captured.rest.toString('latin1', 0, captured.rest.indexOf('\r\n\r\n'));
  const headers = head
    .split('\r\n')
    .slice(1)
    .map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
  const { method, query, body } = captured;
  return withExplainer(server.config, (explainer) =>
    explainer.explain({ request: { method, path: path + query, headers, body, peer: '127.0.0.1' } }),
  );
}
