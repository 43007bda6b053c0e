import type { Logger } from 'pino';
import type { DatabaseClient } from '../storage/connections/prisma.ts';

/**
 * Records in the background what certificates are called that an older version, or other means than ours, saved: only who
 * is asked for by a name waits for it.
 */
export function backfillCertificateNames(client: DatabaseClient, log: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const done = record().then(
    (count) => {
      if (count > 0) log.info({ credentials: count }, 'recorded what certificates are called');
    },
    (error: unknown) => log.error({ err: error }, 'could not record what certificates are called'),
  );

  async function record(): Promise<number> {
    const { recordMissingNames } = await import(
      '../storage/repositories/credentials/record-missing-names.ts'
    );
    return recordMissingNames(await client.open(), stopping.signal);
  }

  return {
    stop() {
      stopping.abort();
      return done;
    },
  };
}
