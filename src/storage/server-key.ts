import Database from 'libsql';

/**
 * A key of the installation, kept in the database so that every replica and every start has the same one; made on first
 * use. Two processes that make it at once end with one: the first insert stands.
 */
export async function serverKey(
  location: { readonly kind: 'sqlite'; readonly file: string },
  name: string,
  make: () => string,
): Promise<string> {
  const database = new Database(location.file, { timeout: 10_000 });
  try {
    const select = database.prepare('SELECT value FROM server_key WHERE name = ?');
    const known = select.get(name) as { value: string } | undefined;
    if (known !== undefined) return known.value;
    database
      .prepare('INSERT INTO server_key (name, created_time, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      .run(name, Date.now(), make());
    return (select.get(name) as { value: string }).value;
  } finally {
    database.close();
  }
}
