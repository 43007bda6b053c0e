import type { ExpiryFigures } from '../../fleet/devices/expiry/watch.ts';
import type { MetricFamily } from './family.ts';

/** What runs out, as the last check found it; nothing is asked of the database here. */
export function expiryFamilies(figures: ExpiryFigures): MetricFamily[] {
  const { counts, checkedTime, noticesSent, sendingFailures } = figures;
  const samples = [...(counts ?? [])].map(([key, value]) => {
    const [kind = '', days] = key.split(' ');
    return { labels: { kind, within: `${days}d` }, value };
  });
  return [
    {
      name: 'thingpass_credentials_expiring',
      help: 'Credentials, passwords, certificates and authorities that run out within so many days and are not replaced yet.',
      type: 'gauge',
      together: 'max',
      samples,
    },
    {
      name: 'thingpass_expiry_checked_seconds',
      help: 'When it was last looked what runs out, in epoch seconds.',
      type: 'gauge',
      together: 'max',
      samples: checkedTime === undefined ? [] : [{ labels: {}, value: checkedTime / 1_000 }],
    },
    {
      name: 'thingpass_expiry_notices_total',
      help: 'Notices of what runs out that the receiver took.',
      type: 'counter',
      samples: [{ labels: {}, value: noticesSent }],
    },
    {
      name: 'thingpass_expiry_sending_failures_total',
      help: 'Messages of such notices that the receiver did not take, tries included.',
      type: 'counter',
      samples: [{ labels: {}, value: sendingFailures }],
    },
  ];
}
