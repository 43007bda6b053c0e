import type { TrustExpiries } from '../../engine/certificates/trust/trust.ts';
import type { MetricFamily, Sample } from './family.ts';

/** When the authorities and revocation lists for client certificates expire, in epoch seconds. */
export function trustFamilies({ authorities, lists }: TrustExpiries): MetricFamily[] {
  // Of several processes, the one that is furthest behind counts.
  const gauge = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    together: 'min',
    samples,
  });
  return [
    gauge(
      'thingpass_client_authority_expires_seconds',
      'When a configured client authority ends, in epoch seconds.',
      authorities.map(({ subject, sha256, notAfter }) => ({
        labels: { subject, sha256 },
        value: notAfter / 1_000,
      })),
    ),
    gauge(
      'thingpass_revocation_list_expires_seconds',
      'When a revocation list ends, in epoch seconds; lists without an end are left out.',
      lists.flatMap(({ source, issuer, nextUpdate }) =>
        nextUpdate === undefined ? [] : [{ labels: { source, issuer }, value: nextUpdate / 1_000 }],
      ),
    ),
  ];
}
