import { credentialsIdOf } from '../../../../src/engine/certificates/x509/identity.ts';
import { basicCredentialsId } from '../../../../src/engine/credentials/stored/hash.ts';
import type { VectorStore } from '../../../support/memory-store.ts';

/** Ids of three devices. */
interface OneOfEach {
  readonly gateway: string;
  readonly basic: string;
  readonly certificate: string;
}

/** A gateway with the token `tb-token`, a device with client id `c`, user name `u` and password `p`, and one with a certificate. */
export function credentialsOfEach(
  { gateway, basic, certificate }: OneOfEach,
  leaf: Buffer,
): VectorStore['credentials'] {
  return [
    {
      deviceId: gateway,
      credentialsType: 'ACCESS_TOKEN',
      credentialsId: 'tb-token',
      credentialsValue: null,
    },
    {
      deviceId: basic,
      credentialsType: 'MQTT_BASIC',
      credentialsId: basicCredentialsId('c', 'u'),
      credentialsValue: '{"clientId":"c","userName":"u","password":"p"}',
    },
    {
      deviceId: certificate,
      credentialsType: 'X509_CERTIFICATE',
      credentialsId: credentialsIdOf(leaf),
      credentialsValue: leaf.toString('base64'),
    },
  ];
}
