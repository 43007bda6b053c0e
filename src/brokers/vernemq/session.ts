import type { Allow } from '../../model/decision.ts';

/**
 * The user name under which VerneMQ goes on after a register: what its later requests carry is what the answer changed it
 * to (`vernemq.md` section 3). So it says who the client is: the device's id, for those who look at sessions, and the
 * passport, which nobody else can make and which belongs to the client id.
 */
export interface SessionName {
  /** The device's id, and its mount point where every device has its own; none for a provisioning session. */
  readonly deviceId: string | undefined;
  readonly passport: string;
}

/** In the place of a device's id. */
const PROVISIONING = 'provisioning';

const SESSION_NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|provisioning)~([A-Za-z0-9_-]+)$/;

export function sessionName(client: Allow, passport: string): string {
  return `${client.device?.id ?? PROVISIONING}~${passport}`;
}

/** What {@link sessionName} made; nothing for the name of a client that somebody else let in, or before us. */
export function readSessionName(username: string | undefined): SessionName | undefined {
  const [, id, passport] = SESSION_NAME.exec(username ?? '') ?? [];
  if (id === undefined || passport === undefined) return undefined;
  return { deviceId: id === PROVISIONING ? undefined : id, passport };
}
