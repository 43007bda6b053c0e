import {
  CONNECTS,
  describeWanted,
  FORM,
  form,
  type SimulatedBroker,
  type Verdict,
} from './simulated-broker.ts';

/** What EMQX 4 sends for what a client did not (`brokers/emqx/emqx.md` section 9). */
const MISSING = 'undefined';

/** CONNACK codes by status; every other is 3, “server unavailable”. */
const CONNACKS: ReadonlyMap<number, string> = new Map([
  [400, '4 (bad user name or password)'],
  [401, '4 (bad user name or password)'],
  [403, '5 (not authorized)'],
  [429, '5 (banned)'],
]);

function readAuth(status: number, body: string): Verdict {
  if (status !== 200) return { allows: false, concludes: `out: CONNACK ${CONNACKS.get(status) ?? '3'}` };
  if (body === 'ignore')
    return { allows: true, concludes: 'left to allow_anonymous, which is on as installed' };
  return { allows: true, concludes: 'in: CONNACK 0' };
}

/** EMQX 4 with `emqx_auth_http` (`brokers/emqx/emqx.md` section 9); 4.3 asks for superusers as installed. */
export const emqx4: SimulatedBroker = function* (client, request, secret) {
  const { clientId: clientid, username, password = MISSING } = client;
  const ask = (path: string, fields: Readonly<Record<string, string>>) => ({
    path,
    headers: { 'content-type': FORM, 'x-thingpass-secret': secret },
    body: form(fields),
  });
  const names = { common_name: MISSING, subject: MISSING };
  const address = { ipaddr: '127.0.0.1', sockport: '1883' };
  yield {
    question: CONNECTS,
    asked: ask('/emqx4/auth', { clientid, username, password, ...address, ...names }),
    read: ({ status, body }) => readAuth(status, body),
  };
  if (request === undefined) return;
  yield {
    question: 'it is a superuser',
    wanted: false,
    asked: ask('/emqx4/superuser', { clientid, username }),
    read: ({ status }) =>
      status === 200
        ? { allows: true, concludes: 'yes: nothing more is asked about it' }
        : { allows: false, concludes: 'no' },
  };
  const access = request.action === 'subscribe' ? '1' : '2';
  yield {
    question: describeWanted(request),
    asked: ask('/emqx4/acl', { access, username, clientid, topic: request.topic, ...address, ...names }),
    read: ({ status, body }) => {
      if (status !== 200) return { allows: false, concludes: 'denied' };
      const left = 'left to acl_nomatch, which allows as installed';
      return { allows: true, concludes: body === 'ignore' ? left : 'allowed' };
    },
  };
};
