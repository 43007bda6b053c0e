import type { ExpiryFigures } from '../../fleet/devices/expiry/watch.ts';
import type { MetricFamily } from './family.ts';

/** What expires soon, as the last check found it. The database is not asked. */
export function expiryFamilies(figures: ExpiryFigures): MetricFamily[] {
  const { counts, checkedTime, noticesSent, sendingFailures } = figures;
  const samples = [...(counts ?? [])].map(([key, value]) => {
    const [kind = '', days] = key.split(' ');
    return { labels: { kind, within: `${days}d` }, value };
  });
  return [
    {
      name: 'thingpass_credentials_expiring',
      help: 'Credentials, passwords, certificates and authorities that expire within these days and are not replaced yet.',
      type: 'gauge',
      together: 'max',
      samples,
    },
    {
      name: 'thingpass_expiry_checked_seconds',
      help: 'Time of the last check for what expires soon, in epoch seconds.',
      type: 'gauge',
      together: 'max',
      samples: checkedTime === undefined ? [] : [{ labels: {}, value: checkedTime / 1_000 }],
    },
    {
      name: 'thingpass_expiry_notices_total',
      help: 'Expiry notices that the receiver accepted.',
      type: 'counter',
      samples: [{ labels: {}, value: noticesSent }],
    },
    {
      name: 'thingpass_expiry_sending_failures_total',
      help: 'Attempts to send an expiry notice that failed.',
      type: 'counter',
      samples: [{ labels: {}, value: sendingFailures }],
    },
  ];
}
