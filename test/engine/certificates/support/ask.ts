import assert from 'node:assert/strict';
import { checkChain } from '../../../../src/engine/certificates/x509/chain.ts';
import { inspectCertificate } from '../../../../src/engine/certificates/x509/inspect.ts';
import { verificationDenial } from '../../../../src/engine/credentials/certificate/certificate.ts';
import { isThingPassError } from '../../../../src/model/errors.ts';
import type { PresentedCertificate } from '../../../../src/model/peer-certificate.ts';

/** Repeats a run of the property tests: a failing one prints its seed. */
export const SEED =
  process.env.FAST_CHECK_SEED === undefined ? {} : { seed: Number(process.env.FAST_CHECK_SEED) };

/** Whatever was read can be asked everything, without an exception. */
export function ask(reading: PresentedCertificate): void {
  verificationDenial(reading, false);
  if (reading.kind !== 'certificate') return;
  try {
    inspectCertificate(reading.der);
  } catch (error) {
    assert.ok(isThingPassError(error, 'certificate_unreadable'), String(error));
  }
  if (reading.chain.length > 0) checkChain(reading.der, reading.chain, { now: Date.now() });
}
