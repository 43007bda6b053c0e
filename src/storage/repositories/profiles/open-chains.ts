import type { ChainProvisioning } from '../../../engine/credentials/certificate/certificate-chain.ts';
import type { DatabaseClient } from '../../connections/prisma.ts';
import { chainsInOrder, ThingsBoardChains } from '../../thingsboard/chains.ts';
import { ChainRepository } from './chain-repository.ts';

/** Certificate profiles and their devices: ours, and where there is a ThingsBoard's database as well, those there first. */
export function openChains(own: DatabaseClient, thingsboard: DatabaseClient | undefined): ChainProvisioning {
  const ours = new ChainRepository(own);
  return thingsboard === undefined ? ours : chainsInOrder(new ThingsBoardChains(thingsboard), ours);
}
