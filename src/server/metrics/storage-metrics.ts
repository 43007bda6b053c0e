import type { DatabaseStatistics } from '../../storage/reading/storage.ts';
import type { MetricFamily } from './family.ts';

/** The cache of each database, and whether the database answers. */
export function storageFamilies(databases: readonly DatabaseStatistics[]): MetricFamily[] {
  const gauge = (name: string, help: string, together: 'sum' | 'min', value: Value): MetricFamily => ({
    name,
    help,
    type: 'gauge',
    together,
    samples: databases.map((one) => ({ labels: { database: one.database }, value: value(one) })),
  });
  return [
    {
      name: 'thingpass_cache_lookups_total',
      help: 'Questions for credentials: known without asking the database, or asked.',
      type: 'counter',
      samples: databases.flatMap(({ database, known, asked }) => [
        { labels: { database, result: 'known' }, value: known },
        { labels: { database, result: 'asked' }, value: asked },
      ]),
    },
    gauge('thingpass_cache_records', 'Credentials in memory.', 'sum', ({ records }) => records),
    gauge(
      'thingpass_database_up',
      '1 while the database answers every process that decides.',
      'min',
      ({ problems }) => (problems.some((code) => code.endsWith('_unavailable')) ? 0 : 1),
    ),
    gauge(
      'thingpass_changes_heard',
      '1 while every process hears of changes in the database.',
      'min',
      ({ problems }) => (problems.includes('changes_not_heard') ? 0 : 1),
    ),
  ];
}

type Value = (database: DatabaseStatistics) => number;
