import type { DatabaseLocation } from '../../connections/database-url.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';

/**
 * The write that inserts many rows: one text and one value, whatever their number. Prisma's `createMany` plans another
 * statement for every batch and keeps the plan with all values in it, which costs an import gigabytes.
 * @param members of a row that are stored, each in the column of its name in snake case; absent ones become null.
 * @param rows hold JSON values, and `bigint` within the safe integers.
 */
export function insertRows(
  prisma: PrismaClient,
  kind: DatabaseLocation['kind'],
  table: string,
  members: readonly string[],
  rows: readonly object[],
): Prisma.PrismaPromise<unknown> {
  const columns = members.map((member) =>
    member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  const names = columns.map((column) => `"${column}"`).join(', ');
  const values = rows.map((row) =>
    members.map((member) => (row as Readonly<Record<string, unknown>>)[member] ?? null),
  );
  if (kind === 'sqlite') {
    const extracted = columns.map((_, index) => `value ->> ${index}`).join(', ');
    const text = `INSERT INTO "${table}" (${names}) SELECT ${extracted} FROM json_each(?)`;
    return prisma.$executeRawUnsafe(text, toJson(values));
  }
  // The type of the table's own rows says what each value becomes.
  const text = `INSERT INTO "${table}" (${names}) SELECT ${names} FROM json_populate_recordset(NULL::"${table}", $1::json)`;
  const named = values.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
  return prisma.$executeRawUnsafe(text, toJson(named));
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one));
}
