import { readSessionName } from '../../brokers/vernemq/session.ts';
import { ThingPassError } from '../../model/errors.ts';
import { endEach, MAX_SESSIONS, membersOf, readJson, rowsOf, statusMessage } from './broker-answers.ts';
import type { CallBroker, EndSessions, SessionKeys } from './session-end.ts';

interface Session {
  readonly clientId: string;
  readonly mountpoint: string;
  readonly user: string;
}

/**
 * VerneMQ's HTTP API is its command line: values are put between quotes into a query, and each is parsed as one
 * word with an equals sign (vernemq/vernemq, `vmq_info_cli.erl` and `vmq_http_mgmt_api.erl`). Values that could
 * change the command are not sent.
 */
const SAFE_VALUE = /^[^"\\=\p{Cc}\p{Cs}]+$/u;

const UNSAFE_CLIENT_ID = 'the client id contains characters that cannot be sent to VerneMQ';

/**
 * VerneMQ: `session show`, then `session disconnect`. Admitted sessions carry the device's id in their user name
 * (`brokers/vernemq/session.ts`), so no other device's session is ended.
 * @param mountpointPerDevice every device has a separate mount point, by which its sessions are found without a
 *   client id.
 */
export function endAtVernemq(perDeviceMountpoint: boolean): EndSessions {
  return async (keys, call) => {
    const found = perDeviceMountpoint ? await sessionsBy('mountpoint', keys.deviceId, call) : [];
    const unsafe: string[] = [];
    for (const { clientId } of perDeviceMountpoint ? [] : keys.clientIds) {
      if (SAFE_VALUE.test(clientId)) found.push(...(await sessionsBy('client_id', clientId, call)));
      else unsafe.push(clientId);
    }
    const own = found.filter((session) => belongsTo(keys, session));
    const ends = await endEach('vernemq', own, async ({ clientId, mountpoint }) => {
      if (!SAFE_VALUE.test(clientId)) throw new ThingPassError('call_failed', UNSAFE_CLIENT_ID);
      const mountpointQuery = mountpoint === '' ? '' : `&--mountpoint=${encodeURIComponent(mountpoint)}`;
      const path = `/session/disconnect?client-id=${encodeURIComponent(clientId)}${mountpointQuery}`;
      const { status } = await call({ method: 'GET', path });
      if (status !== 200) throw new ThingPassError('call_failed', statusMessage(status));
      return true;
    });
    return [
      ...ends,
      ...unsafe.map(
        (clientId) => ({ broker: 'vernemq', clientId, result: 'failed', detail: UNSAFE_CLIENT_ID }) as const,
      ),
    ];
  };
}

async function sessionsBy(
  column: 'mountpoint' | 'client_id',
  value: string,
  call: CallBroker,
): Promise<Session[]> {
  const fields = ['client_id', 'mountpoint', 'user', 'is_online'].filter((name) => name !== column);
  const query = [
    ...fields.map((name) => `--${name}`),
    `--${column}=${encodeURIComponent(value)}`,
    `--limit=${MAX_SESSIONS}`,
  ].join('&');
  const { table } = membersOf(readJson(await call({ method: 'GET', path: `/session/show?${query}` })));
  return rowsOf(table)
    .filter(({ is_online: online }) => online === true || online === 'true')
    .map((row) => ({ ...row, [column]: value }) as Readonly<Record<string, unknown>>)
    .map((row) => ({
      clientId: String(row.client_id),
      mountpoint: String(row.mountpoint ?? ''),
      user: String(row.user ?? ''),
    }));
}

function belongsTo({ deviceId, usernames, clientIds }: SessionKeys, { user, clientId }: Session): boolean {
  const known = readSessionName(user);
  if (known !== undefined) return known.deviceId === deviceId;
  return (
    usernames.includes(user) || clientIds.some((one) => one.clientId === clientId && one.username === user)
  );
}
