import { isThingPassError } from '../../../../src/model/errors.ts';
import type { PresentedCertificate } from '../../../../src/model/peer-certificate.ts';

/** What was read, in one word: a certificate's verification, what is wrong with one, or the kind. */
export function detail(reading: PresentedCertificate): string {
  if (reading.kind === 'certificate') return reading.verification;
  return reading.kind === 'unreadable' ? (reading.fault ?? reading.kind) : reading.kind;
}

/** What is wrong with what is read; `read` where nothing is. Other exceptions pass. */
export function faultOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return error.data.fault;
    throw error;
  }
  return 'read';
}
