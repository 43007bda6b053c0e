import { createHash } from 'node:crypto';
import { type InspectedCertificate, inspectCertificate } from '../../../engine/certificates/x509/inspect.ts';
import { isThingPassError } from '../../../model/errors.ts';
import { isStorable } from '../../../util/storable-text.ts';

/** Longer names fill no index, and identify nobody. */
const LONGEST_NAME = 500;

export interface NameRow {
  readonly deviceCredentialsId: string;
  readonly kind: 'name' | 'sha256' | 'md5';
  readonly value: string;
}

/** What a certificate is called, as rows to store. */
export function nameRows(rowId: string, certificate: InspectedCertificate): NameRow[] {
  const { der, sha256, commonNames, alternativeNames } = certificate;
  const names = new Set([...commonNames, ...alternativeNames.map(({ value }) => value)]);
  const md5 = createHash('md5').update(der).digest('hex');
  return [
    ...[...names]
      .filter(isName)
      .map((value) => ({ deviceCredentialsId: rowId, kind: 'name', value }) as const),
    { deviceCredentialsId: rowId, kind: 'sha256', value: sha256 },
    { deviceCredentialsId: rowId, kind: 'md5', value: md5 },
  ];
}

function isName(text: string): boolean {
  return text !== '' && text.length <= LONGEST_NAME && isStorable(text);
}

/** An X.509 credential's certificate; `undefined` for a text that is no certificate: ThingsBoard saves any. */
export function readCertificate(base64: string): InspectedCertificate | undefined {
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) return undefined;
  try {
    return inspectCertificate(der);
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return undefined;
    throw error;
  }
}
