/**
 * The database cannot be asked, and the ids were absent when it last could. That is no answer by itself; but where another
 * database is asked next, it may have one.
 */
export class KnownAbsentError extends Error {
  override readonly name = 'WereMissing';

  /** @param cause why the database cannot be asked. */
  constructor(cause: unknown) {
    super('the database cannot be asked, and knew nothing of it before', { cause });
  }
}
