/** Something about a device that cannot be done; `code` is stable, the message is for people and holds no secret. */
export class DeviceProblem extends Error {
  override readonly name = 'DeviceProblem';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
