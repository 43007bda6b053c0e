import { randomUUID } from 'node:crypto';
import type { CredentialsEntry, DeviceEntry, NewCredentials, NewSecret, Window } from '../../model/device.ts';
import type { CredentialsStep } from './device-store.ts';
import { plainPasswordOf, withMarker } from './stored-password.ts';

/** How long what is replaced still holds. */
export interface Overlap {
  /** Epoch milliseconds; it ends here at the latest. */
  readonly endsAt: number;
  /** It ends earlier, once the new one is used. */
  readonly onFirstUse: boolean;
}

/** Steps that bring a successor, and the row in which it is. */
export interface Succession {
  readonly steps: readonly CredentialsStep[];
  readonly rowId: string;
}

/**
 * New credentials. Those that they replace end with the overlap, or at once without one.
 * @param replaced at least one when there is no overlap.
 */
export function succeedCredentials(
  device: DeviceEntry,
  replaced: readonly CredentialsEntry[],
  credentials: NewCredentials,
  overlap: Overlap | undefined,
): Succession {
  const [first, ...others] = replaced;
  if (first !== undefined && overlap === undefined) {
    const removed = others.map(({ id }) => ({ do: 'remove', rowId: id }) as const);
    // The rest first: its credentials id may be the new one.
    return { rowId: first.id, steps: [...removed, { do: 'overwrite', rowId: first.id, credentials }] };
  }
  const rowId = randomUUID();
  const ends = overlap === undefined ? [] : ended(device, replaced, rowId, overlap);
  return { rowId, steps: [{ do: 'create', rowId, credentials }, ...ends] };
}

/** What waits for the first use of one that is replaced itself, waits for its successor from now on. */
function ended(
  device: DeviceEntry,
  replaced: readonly CredentialsEntry[],
  successor: string,
  overlap: Overlap,
): CredentialsStep[] {
  const ids = new Set(replaced.map(({ id }) => id));
  const waiting = device.credentials.filter(
    ({ id, endsOnFirstUseOf }) => !ids.has(id) && endsOnFirstUseOf !== undefined && ids.has(endsOnFirstUseOf),
  );
  return [
    ...replaced.map((one) => ({
      ...({ do: 'end', rowId: one.id } as const),
      window: endedBy(one, successor, overlap),
    })),
    ...waiting.map(({ id, notBefore, notAfter }) => ({
      ...({ do: 'end', rowId: id } as const),
      window: { notBefore, notAfter, endsOnFirstUseOf: successor },
    })),
  ];
}

/**
 * Another password for MQTT basic credentials: a second secret; the first ends with the overlap.
 * @param old the password that stood in the value in plain text, hashed.
 */
export function succeedPassword(
  row: CredentialsEntry,
  secret: NewSecret,
  old: NewSecret | undefined,
  overlap: Overlap | undefined,
): Succession {
  const rowId = row.id;
  const secretId = randomUUID();
  const marked: CredentialsStep[] =
    plainPasswordOf(row) === undefined && row.secrets.length > 0
      ? []
      : [{ do: 'set_value', rowId, value: withMarker(row.credentialsValue) }];
  const previous: CredentialsStep[] =
    overlap === undefined
      ? row.secrets.map(({ id }) => ({ do: 'remove_secret', rowId, secretId: id }))
      : row.secrets.map((one) => ({
          ...({ do: 'end_secret', rowId, secretId: one.id } as const),
          window: endedBy(one, secretId, overlap),
        }));
  const kept: CredentialsStep[] =
    overlap === undefined || old === undefined
      ? []
      : [
          {
            ...({ do: 'create_secret', rowId, secretId: randomUUID() } as const),
            secret: { ...old, ...endedBy({}, secretId, overlap) },
          },
        ];
  return {
    rowId,
    steps: [{ do: 'create_secret', rowId, secretId, secret }, ...previous, ...kept, ...marked],
  };
}

function endedBy(
  { notBefore, notAfter }: Window,
  successor: string,
  { endsAt, onFirstUse }: Overlap,
): Window {
  return {
    notBefore,
    notAfter: notAfter === undefined ? endsAt : Math.min(notAfter, endsAt),
    endsOnFirstUseOf: onFirstUse ? successor : undefined,
  };
}

/** Takes away what ended before: credentials and secrets of earlier rotations. */
export function withoutEnded(
  device: DeviceEntry,
  now: number,
): { readonly device: DeviceEntry; readonly steps: readonly CredentialsStep[] } {
  const steps: CredentialsStep[] = [];
  const credentials = device.credentials.flatMap((row) => {
    if (hasEnded(row, now)) {
      steps.push({ do: 'remove', rowId: row.id });
      return [];
    }
    const secrets = row.secrets.filter((secret) => !hasEnded(secret, now));
    // The last one stays: without any, the row would look as if it had no password.
    if (secrets.length === 0 || secrets.length === row.secrets.length) return [row];
    for (const { id } of row.secrets.filter((secret) => hasEnded(secret, now)))
      steps.push({ do: 'remove_secret', rowId: row.id, secretId: id });
    return [{ ...row, secrets }];
  });
  // A device whose credentials have all ended keeps them: they are what is to be replaced.
  return credentials.length === 0 ? { device, steps: [] } : { device: { ...device, credentials }, steps };
}

export function hasEnded({ notAfter }: Window, now: number): boolean {
  return notAfter !== undefined && notAfter <= now;
}
