import { sha256Of } from '../../engine/certificates/x509/identity.ts';
import type { NewCredentials } from '../../model/device.ts';

/** The SHA-256 of a stored certificate's DER, lower-case hex; `undefined` for a value that is not the Base64 of anything. */
export function certificateDigest({
  credentialsValue,
}: Pick<NewCredentials, 'credentialsValue'>): string | undefined {
  const der = Buffer.from(credentialsValue ?? '', 'base64');
  return der.length === 0 || der.toString('base64') !== credentialsValue ? undefined : sha256Of(der);
}
