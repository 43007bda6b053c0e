import type { ChainProvisioning } from '../../../engine/credentials/certificate/certificate-chain.ts';
import type { DatabaseLocation, PostgresqlLocation } from '../../connections/database-url.ts';
import { chainsInOrder, ThingsBoardChains } from '../../thingsboard/chains.ts';
import { ChainRepository } from './chain-repository.ts';

/** Certificate profiles and their devices: ours, and where there is a ThingsBoard's database as well, those there first. */
export function openChains(
  location: DatabaseLocation,
  thingsboard: PostgresqlLocation | undefined,
): ChainProvisioning & { close(): Promise<void> } {
  const own = new ChainRepository(location);
  if (thingsboard === undefined) return own;
  const theirs = new ThingsBoardChains(thingsboard);
  return {
    ...chainsInOrder(theirs, own),
    async close() {
      await Promise.all([theirs.close(), own.close()]);
    },
  };
}
