import { BlockList, isIP, isIPv4 } from 'node:net';
import { BoundedMap } from '../../util/bounded-map.ts';
import type { FormSettings, HeaderRole } from './forms/form.ts';

const ROLES: readonly HeaderRole[] = [
  'certificate',
  'chain',
  'verification',
  'presented',
  'revoked',
  'digest',
];

/**
 * Reads `THINGPASS_CERTIFICATE_HEADERS` (`form.role=name`; an empty name removes the role) and
 * `THINGPASS_XFCC_HOPS`. Whether a form has the role is checked when the form is enabled.
 * @param problems receives one sentence for each part that cannot be read.
 */
export function readFormSettings(
  parts: readonly string[],
  trustedHops: number,
  problems: string[],
): Map<string, FormSettings> {
  const settings = new Map<string, FormSettings>([['xfcc', { trustedHops }]]);
  for (const part of parts) {
    const [, form = '', role = '', name = ''] = /^([a-z0-9_]+)\.([a-z]+)=(.*)$/.exec(part) ?? [];
    if (!(ROLES as readonly string[]).includes(role)) {
      problems.push(
        `THINGPASS_CERTIFICATE_HEADERS: "${part}" is not form.role=name, where role is one of ${ROLES.join(', ')}`,
      );
      continue;
    }
    const known = settings.get(form);
    settings.set(form, { ...known, headers: { ...known?.headers, [role]: name } });
  }
  return settings;
}

const MAX_CACHED_ADDRESSES = 1_000;

/**
 * Reads a setting of addresses and networks in CIDR notation, such as `THINGPASS_PROXIES`.
 * @param problems receives one sentence for each part that cannot be read.
 * @returns whether an address belongs to the list.
 */
export function readNetworks(
  setting: string,
  parts: readonly string[],
  problems: string[],
): (address: string) => boolean {
  const networks = new BlockList();
  for (const part of parts) {
    const [address = '', length] = part.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    const maxPrefixLength = family === 'ipv4' ? 32 : 128;
    if (
      isIP(address) === 0 ||
      (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= maxPrefixLength))
    ) {
      problems.push(`${setting}: "${part}" is neither an address nor a network`);
    } else if (length === undefined) {
      networks.addAddress(address, family);
    } else {
      networks.addSubnet(address, Number(length), family);
    }
  }
  // `BlockList.check` creates an object for each address, which costs more than reading the request. The peers are
  // few, so the answers are cached.
  if (parts.length === 0) return () => false;
  const known = new BoundedMap<string, boolean>(MAX_CACHED_ADDRESSES);
  const isMember = (address: string): boolean => {
    // A dual-stack socket shows IPv4 peers as ::ffff:1.2.3.4.
    const plain = address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address;
    return networks.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  };
  return (address) => known.getOrMake(address, isMember);
}
