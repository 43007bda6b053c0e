import {
  ANY_PASSWORD,
  type Answer,
  CONNECTS,
  describeWanted,
  type SimulatedBroker,
  type Verdict,
  withBasic,
} from './simulated-broker.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

function read({ status }: Answer, yes: string, no: string): Verdict {
  if (status >= 200 && status < 300) return { allows: true, concludes: yes };
  // To the plugin that is an error, not a denial.
  return { allows: false, concludes: status < 500 ? no : 'the connection is closed without a word' };
}

/** mosquitto-go-auth in status mode (`brokers/mosquitto/mosquitto.md` sections 1, 3 and 4). */
export const mosquitto: SimulatedBroker = function* (
  { clientId: clientid, username, password },
  request,
  secret,
) {
  if (username === '' || !password) {
    yield {
      question: CONNECTS,
      verdict: {
        allows: false,
        concludes:
          'out without asking: the plugin wants a user name and a password, whatever it is; its fork lhns does not',
      },
      mend: ANY_PASSWORD,
    };
    return;
  }
  const ask = (path: string, body: object) => withBasic(path, secret, JSON_TYPE, JSON.stringify(body));
  yield {
    question: CONNECTS,
    asked: ask('/mosquitto/user', { clientid, password, username }),
    read: (answer) => read(answer, 'in: CONNACK 0', 'out: CONNACK 5 (MQTT 5: 0x87, not authorized)'),
  };
  if (request === undefined) return;
  const { action, topic } = request;
  yield {
    question: describeWanted(request),
    asked: ask('/mosquitto/acl', { acc: action === 'publish' ? 2 : 4, clientid, topic, username }),
    read: (answer) => read(answer, 'allowed', 'denied'),
  };
};
