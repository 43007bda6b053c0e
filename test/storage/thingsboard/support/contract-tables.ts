import { readFileSync } from 'node:fs';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly note: string;
}

/** Columns that came after ThingsBoard 3.2, in which the profiles came that everything here needs. */
const NEWER = ['version', 'external_id', 'firmware_id', 'software_id', 'default_edge_rule_chain_id', 'image'];

const TABLES = ['device_profile', 'device', 'device_credentials'] as const;

/**
 * The statements that make ThingsBoard's tables as the contract's SQL section lists them, column by column.
 * @param age `old` leaves out what later releases added.
 */
export function contractTables(age: 'new' | 'old'): string[] {
  const contract = readFileSync(
    new URL('../../../../src/engine/credentials/thingsboard.md', import.meta.url),
    'utf8',
  );
  const section = contract.slice(contract.indexOf('\n## 10. SQL'), contract.indexOf('\n## 11.'));
  return TABLES.map((table) => {
    const columns = columnsOf(section, table).filter(({ name }) => age === 'new' || !NEWER.includes(name));
    return `CREATE TABLE ${table} (${[...columns.map(definition), ...columns.flatMap(together)].join(', ')})`;
  });
}

function columnsOf(section: string, table: string): Column[] {
  const [, rest = ''] = section.split(`\n\`${table}\`\n`);
  const rows = rest.slice(0, rest.search(/\n\n(?!\|)/) + 1 || undefined).match(/^\|.*\|$/gm) ?? [];
  const columns = rows.slice(2).flatMap((row) => {
    const [names = '', type = '', note = ''] = row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    return names.split(', ').map((name) => ({ name, type, note }));
  });
  if (columns.length < 5) throw new Error(`the contract lists no table ${table}`);
  return columns;
}

function together({ name, note }: Column): string[] {
  const [, other] = /^unique with (\w+)/.exec(note) ?? [];
  return other === undefined ? [] : [`UNIQUE (${other}, ${name})`];
}

/** Foreign keys to tables that are not here are left out; those between these three are ThingsBoard's. */
function definition({ name, type, note }: Column): string {
  const parts = [name, type];
  if (/\bnot null\b/.test(note)) parts.push('NOT NULL');
  if (/\bprimary key\b/.test(note)) parts.push('PRIMARY KEY');
  if (/^unique \(/.test(note) || /^unique$/.test(note)) parts.push('UNIQUE');
  const fallback = /\bdefault (\d+)/.exec(note)?.[1];
  if (fallback !== undefined) parts.push(`DEFAULT ${fallback}`);
  const [, foreign] = /FK (device_profile)\(id\)/.exec(note) ?? [];
  if (foreign !== undefined) parts.push(`REFERENCES ${foreign} (id)`);
  return parts.join(' ');
}
