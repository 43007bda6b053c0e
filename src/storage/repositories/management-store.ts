import {
  CredentialsService,
  type CredentialsServiceOptions,
} from '../../fleet/devices/credentials-service.ts';
import { DeviceService } from '../../fleet/devices/device-service.ts';
import { RuleService } from '../../fleet/devices/rule-service.ts';
import { type Actor, SERVER_ACTOR } from '../../model/audit.ts';
import type { Rule } from '../../model/topic-rules.ts';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import type { DatabaseClient } from '../connections/prisma.ts';
import { ThingsBoardDevices } from '../thingsboard/devices.ts';
import { ApiKeyRepository } from './api-key-repository.ts';
import { AuditRepository } from './audit-repository.ts';
import { CaBundleRepository } from './ca-bundle-repository.ts';
import { ExpiryNoticeRepository } from './credentials/expiry-notice-repository.ts';
import { ExpiryRepository } from './credentials/expiry-repository.ts';
import { DenyRepository } from './deny-repository.ts';
import { DeviceListing } from './devices/device-listing.ts';
import { type DeviceProperties, putDevice } from './devices/device-properties.ts';
import { DeviceRepository } from './devices/device-repository.ts';
import { ImportRepository } from './import/import-repository.ts';
import { ProfileRepository } from './profiles/profile-repository.ts';
import { ProfileTrustRepository } from './profiles/profile-trust-repository.ts';
import { RuleRepository } from './rule-repository.ts';

/** Everything that the management API reads and writes. */
export interface ManagementStore {
  readonly devices: DeviceRepository;
  /** Devices and their credentials, changed by this one. */
  deviceService(actor: Actor): DeviceService;
  credentialsService(actor: Actor): CredentialsService;
  readonly listing: DeviceListing;
  readonly profiles: ProfileRepository;
  readonly rules: RuleService;
  readonly profileTrust: ProfileTrustRepository;
  readonly denyList: DenyRepository;
  readonly caBundles: CaBundleRepository;
  readonly expiry: ExpiryRepository;
  readonly expiryNotices: ExpiryNoticeRepository;
  readonly apiKeys: ApiKeyRepository;
  readonly audit: AuditRepository;
  /** What imports read and write. */
  imports(actor: Actor): ImportRepository;
  /** @throws {ThingPassError} `name_taken` when another device has the name. */
  putDevice(id: string, properties: DeviceProperties, actor: Actor): Promise<'created' | 'replaced'>;
}

/**
 * Opens a migrated database for the management API.
 * @param client stays open until its owner closes it.
 * @param thingsboard ThingsBoard's own database, where it is read before ours.
 * @param rulesFromFile the rules of the rules file, with which those of the database must go together.
 */
export async function openManagementStore(
  client: DatabaseClient,
  credentialLifecycle: CredentialsServiceOptions & { readonly oneCredentialPerDevice: boolean },
  rulesFromFile: () => readonly Rule[] = () => [],
  thingsboard?: PostgresqlLocation,
): Promise<ManagementStore> {
  const prisma = await client.open();
  const { kind } = client.location;
  const theirs = thingsboard && new ThingsBoardDevices(thingsboard);
  const devices = new DeviceRepository(prisma, SERVER_ACTOR, {
    oneCredentialPerDevice: credentialLifecycle.oneCredentialPerDevice,
    thingsboard: theirs,
  });
  return {
    devices,
    deviceService: (actor) => new DeviceService(devices.as(actor), credentialLifecycle.keepPassword),
    credentialsService: (actor) => new CredentialsService(devices.as(actor), credentialLifecycle),
    listing: new DeviceListing(prisma, kind, theirs),
    profiles: new ProfileRepository(prisma),
    rules: new RuleService(new RuleRepository(prisma), rulesFromFile),
    profileTrust: new ProfileTrustRepository(prisma),
    denyList: new DenyRepository(prisma),
    caBundles: new CaBundleRepository(prisma),
    expiry: new ExpiryRepository(prisma),
    expiryNotices: new ExpiryNoticeRepository(prisma, kind),
    apiKeys: new ApiKeyRepository(prisma),
    audit: new AuditRepository(prisma),
    imports: (actor) => new ImportRepository(prisma, kind, actor),
    putDevice: (id, properties, actor) => putDevice(prisma, id, properties, actor),
  };
}
