import { readSessionName } from '../../brokers/vernemq/session.ts';
import { CallFailed } from '../../util/outgoing-call.ts';
import { endEach, jsonOf, MOST_SESSIONS, membersOf, refusal, rowsOf } from './answers.ts';
import type { AskBroker, EndSessions, SessionNames } from './session-end.ts';

interface Session {
  readonly clientId: string;
  readonly mountpoint: string;
  readonly user: string;
}

/**
 * VerneMQ's HTTP API is its command line: the values end up in a query between quotes, and each in one word with an equals sign
 * (vernemq/vernemq, `vmq_info_cli.erl` and `vmq_http_mgmt_api.erl`). What could say something else there is not asked for.
 */
const SPEAKABLE = /^[^"\\=\p{Cc}\p{Cs}]+$/u;

/**
 * VerneMQ: `session show`, then `session disconnect`. The sessions that we let in carry the device's id in their user name
 * (`../vernemq-session.ts`), so that no other device's is ended.
 * @param mountsApart every device has a mount point of its own, under which its sessions are found without a client id.
 */
export function endAtVernemq(mountsApart: boolean): EndSessions {
  return async (names, ask) => {
    const found = mountsApart ? await sessionsBy('mountpoint', names.deviceId, ask) : [];
    const unspeakable: string[] = [];
    for (const { clientId } of mountsApart ? [] : names.clientIds) {
      if (SPEAKABLE.test(clientId)) found.push(...(await sessionsBy('client_id', clientId, ask)));
      else unspeakable.push(clientId);
    }
    const own = found.filter((session) => isOf(names, session));
    const ends = await endEach('vernemq', own, async ({ clientId, mountpoint }) => {
      if (!SPEAKABLE.test(clientId)) throw new CallFailed('the client id cannot be told to VerneMQ');
      const apart = mountpoint === '' ? '' : `&--mountpoint=${encodeURIComponent(mountpoint)}`;
      const path = `/session/disconnect?client-id=${encodeURIComponent(clientId)}${apart}`;
      const { status } = await ask({ method: 'GET', path });
      if (status !== 200) throw new CallFailed(refusal(status));
      return true;
    });
    const detail = 'the client id cannot be told to VerneMQ';
    return [
      ...ends,
      ...unspeakable.map((clientId) => ({ broker: 'vernemq', clientId, result: 'failed', detail }) as const),
    ];
  };
}

async function sessionsBy(
  column: 'mountpoint' | 'client_id',
  value: string,
  ask: AskBroker,
): Promise<Session[]> {
  const fields = ['client_id', 'mountpoint', 'user', 'is_online'].filter((name) => name !== column);
  const query = [
    ...fields.map((name) => `--${name}`),
    `--${column}=${encodeURIComponent(value)}`,
    `--limit=${MOST_SESSIONS}`,
  ].join('&');
  const { table } = membersOf(jsonOf(await ask({ method: 'GET', path: `/session/show?${query}` })));
  return rowsOf(table)
    .filter(({ is_online: online }) => online === true || online === 'true')
    .map((row) => ({ ...row, [column]: value }) as Readonly<Record<string, unknown>>)
    .map((row) => ({
      clientId: String(row.client_id),
      mountpoint: String(row.mountpoint ?? ''),
      user: String(row.user ?? ''),
    }));
}

function isOf({ deviceId, usernames, clientIds }: SessionNames, { user, clientId }: Session): boolean {
  const known = readSessionName(user);
  if (known !== undefined) return known.deviceId === deviceId;
  return (
    usernames.includes(user) || clientIds.some((one) => one.clientId === clientId && one.username === user)
  );
}
