import { SETTINGS } from '../../../../../src/config/settings.ts';
import type { Objection } from '../../../../../src/engine/certificates/trust/policy.ts';
import {
  type Finding,
  openTrust,
  type Trust,
  type TrustOptions,
} from '../../../../../src/engine/certificates/trust/trust.ts';
import type { TrustLog } from '../../../../../src/engine/certificates/trust/trust-log.ts';
import { readTrustConfig } from '../../../../../src/engine/certificates/trust/trust-settings.ts';
import { credentialsIdOf } from '../../../../../src/engine/certificates/x509/identity.ts';
import type { Issued } from './openssl-authority.ts';

export interface TestTrust extends Trust {
  /** What was logged, one text each. */
  readonly logged: readonly string[];
  /** What is found against a device: the reason and whether it refuses, or `ok`. */
  detail(device: Issued, sent?: readonly Issued[], profileId?: string): Promise<string>;
  found(device: Issued, sent?: readonly Issued[], profileId?: string): Promise<readonly Finding[]>;
}

/** Trust as the settings given have it; files are looked at often. */
export async function trustOf(
  settings: Readonly<Record<string, string>>,
  parts: Partial<Omit<TrustOptions, 'config' | 'log'>> = {},
): Promise<TestTrust> {
  const problems: string[] = [];
  const text = (name: string): string =>
    settings[name] ?? (SETTINGS.find((one) => one.name === name)?.default as string);
  const list = (name: string): string[] => text(name).split(',').filter(Boolean);
  const config = readTrustConfig(text, list, 1_000, problems);
  if (problems.length > 0) throw new Error(problems.join());
  const logged: string[] = [];
  const trust = await openTrust({
    config,
    skipDates: false,
    profilePolicies: () => new Map(),
    pollIntervalMs: 20,
    ...parts,
    log: gatheringLog(logged),
  });
  const found: TestTrust['found'] = async (device, sent = [], profileId) => {
    const ders = [device.der, ...sent.map(({ der }) => der)] as const;
    const ids = ders.map(credentialsIdOf) as [string, ...string[]];
    return trust.check({ ders: ders as readonly [Buffer, ...Buffer[]], ids }, profileId, 'device-1');
  };
  return {
    ...trust,
    logged,
    found,
    async detail(...args) {
      const findings = await found(...args);
      return findings.length === 0 ? 'ok' : findings.map(describe).join(', ');
    },
  };
}

function describe({ rule, reason, refuses }: Finding): string {
  return `${refuses ? 'refused' : 'warned'} ${rule} ${reason}`;
}

function gatheringLog(logged: string[]): TrustLog {
  return {
    acceptedList: (_source, issuer, revoked) => void logged.push(`list of ${issuer}, ${revoked} revoked`),
    rejectedList: (_source, why) => void logged.push(`list refused: ${why}`),
    listExpiring: (_source, issuer, _nextUpdate, expired) =>
      void logged.push(`list of ${issuer} ${expired ? 'expired' : 'ends soon'}`),
    acceptedAuthorities: (_file, count) => void logged.push(`${count} authorities`),
    rejectedAuthorities: (_file, why) => void logged.push(`authorities refused: ${why}`),
    warning: ({ detail }: Objection, device) => void logged.push(`${device}: ${detail}`),
  };
}

/** Waits until it holds, asking often. @throws when it does not within five seconds. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 5_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
