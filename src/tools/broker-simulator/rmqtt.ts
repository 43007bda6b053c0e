import { type RmqttReading, rmqttReads } from './rmqtt-reads.ts';
import { CONNECTS, describeWanted, jsonWithHeader, type SimulatedBroker } from './simulated-broker.ts';

/** Where `rmqtt-acl` is as shipped: the generated one refuses instead, and it is that which may be missing. */
const IGNORED = { allows: true, concludes: 'left to rmqtt-acl, which lets everybody in as shipped' };

function conclude({ decision, superuser }: RmqttReading, yes: string, no: string) {
  if (decision === 'ignore') return IGNORED;
  if (decision === 'deny') return { allows: false, concludes: no };
  return { allows: true, concludes: superuser ? `${yes}, as a superuser: nothing more is asked` : yes };
}

/** RMQTT with `rmqtt-auth-http` (`brokers/rmqtt/rmqtt.md` sections 2 and 3). */
export const rmqtt: SimulatedBroker = function* (
  { clientId: clientid, username, password = '' },
  request,
  secret,
) {
  const ipaddr = '127.0.0.1';
  const protocol = '4';
  yield {
    question: CONNECTS,
    asked: jsonWithHeader('/rmqtt/auth', secret, { clientid, username, password, ipaddr, protocol }),
    read: (answer) =>
      conclude(
        rmqttReads(answer, Date.now() / 1_000),
        'in: CONNACK 0',
        'out: CONNACK 4 (MQTT 5: 0x86, bad user name or password)',
      ),
  };
  if (request === undefined) return;
  const { action, topic } = request;
  const access = action === 'publish' ? '2' : '1';
  yield {
    question: describeWanted(request),
    asked: jsonWithHeader('/rmqtt/acl', secret, { access, username, clientid, ipaddr, topic, protocol }),
    read: (answer) => conclude(rmqttReads(answer, 0), 'allowed', 'denied'),
  };
};
