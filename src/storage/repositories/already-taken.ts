/** A name or credentials id is taken; `takenBy` names the device that has it, when it could be found. */
export class AlreadyTaken extends Error {
  override readonly name = 'AlreadyTaken';
  readonly what: 'device name' | 'credentials';
  readonly takenBy: { readonly id: string; readonly name: string } | undefined;

  constructor(what: AlreadyTaken['what'], takenBy?: { id: string; name: string }) {
    super(
      takenBy
        ? `the ${what} already belongs to device ${takenBy.name} (${takenBy.id})`
        : `the ${what} is already taken`,
    );
    this.what = what;
    this.takenBy = takenBy;
  }
}
