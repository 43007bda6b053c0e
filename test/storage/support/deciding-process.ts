/**
 * A process that decides, as a worker or replica does: `deciding-process.ts <DATABASE_URL>`, then questions over IPC. A watch
 * asks for ids again and again until they lead to what is expected, and reports when the last question was asked that led to
 * anything else.
 */
import type { CredentialsRecord } from '../../../src/engine/credentials/credentials-record.ts';
import { parseDatabaseUrl } from '../../../src/storage/connections/database-url.ts';
import { openStorage } from '../../../src/storage/reading/storage.ts';

export interface Watch {
  readonly watch: number;
  readonly id: string;
  /** A fingerprint, see below. */
  readonly expected: string;
}

export type Report =
  | { readonly ready: true }
  | {
      readonly watch: number;
      /** When the last question was asked that was not answered as expected, in milliseconds since 1970; 0 when there was none. */
      readonly lastOther: number;
      readonly obeyed: boolean;
      readonly detail: string;
    };

/** What of a record a decision rests on. */
export function fingerprint(record: CredentialsRecord | undefined): string {
  if (record === undefined) return 'none';
  const { device, notAfter, secrets, credentialsValue } = record;
  return JSON.stringify([
    record.deviceId,
    credentialsValue,
    device?.gateway,
    device?.transportType,
    notAfter,
    secrets.map(({ hash }) => hash).sort(),
  ]);
}

const GIVE_UP_MS = 30_000;
/** An answer counts as obeyed when it stays for so many questions. */
const STAYS = 5;

async function main(url: string): Promise<void> {
  const storage = await openStorage(parseDatabaseUrl(url), { cacheSize: 5_000 });
  const send = (report: Report): void => void process.send?.(report);
  const now = (): number => performance.timeOrigin + performance.now();

  async function watch({ watch: number, id, expected }: Watch): Promise<void> {
    const begun = now();
    let lastOther = 0;
    let detail = '';
    for (let same = 0; same < STAYS; ) {
      const at = now();
      try {
        const found = await storage.credentials.findByCredentialsIds([`hash of ${id}`, id]);
        detail = fingerprint(found.get(id));
      } catch {
        // "Cannot decide" lets nobody in.
        detail = 'unavailable';
      }
      if (detail === expected) same++;
      else {
        same = 0;
        if (detail !== 'unavailable') lastOther = at;
      }
      if (at - begun > GIVE_UP_MS) return send({ watch: number, lastOther, obeyed: false, detail });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    send({ watch: number, lastOther, obeyed: true, detail });
  }

  process.on('message', (message: Watch | 'end') => {
    if (message !== 'end') return void watch(message);
    void storage.close().then(() => process.exit(0));
  });
  process.on('disconnect', () => process.exit(1));
  send({ ready: true });
}

const [url] = process.argv.slice(2);
if (process.send !== undefined && url !== undefined) await main(url);
