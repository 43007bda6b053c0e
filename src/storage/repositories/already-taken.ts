/** A name or credentials id is taken; `holder` names the device that has it, when it could be found. */
export class AlreadyTaken extends Error {
  override readonly name = 'AlreadyTaken';
  readonly what: 'device name' | 'credentials';
  readonly holder: { readonly id: string; readonly name: string } | undefined;

  constructor(what: AlreadyTaken['what'], holder?: { id: string; name: string }) {
    super(
      holder
        ? `the ${what} already belongs to device ${holder.name} (${holder.id})`
        : `the ${what} is already taken`,
    );
    this.what = what;
    this.holder = holder;
  }
}
