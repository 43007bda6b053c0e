import { type TakenBy, ThingPassError } from '../../model/errors.ts';

const TAKEN = {
  name_taken: ['this device name already belongs', 'this device name is already taken'],
  credentials_taken: ['these credentials already belong', 'these credentials are already taken'],
} as const;

/** What one device may have is another's, which is named when it could be found. */
export function takenByDevice(
  code: keyof typeof TAKEN,
  device: TakenBy | undefined,
): ThingPassError<keyof typeof TAKEN> {
  const [belongs, isTaken] = TAKEN[code];
  if (device === undefined) return new ThingPassError(code, isTaken, { takenBy: undefined });
  // Nothing else of it: it may come with its credentials.
  const takenBy = { id: device.id, name: device.name };
  return new ThingPassError(code, `${belongs} to device ${takenBy.name} (${takenBy.id})`, { takenBy });
}
