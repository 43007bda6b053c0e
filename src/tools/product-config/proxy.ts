import type { ConfigOptions } from './options.ts';

/** What the certificates of a proxy's clients mean to ThingPass: the settings that go with every proxy. */
export function proxySettings(
  form: string,
  tellsVerification: boolean,
): ({ identities }: ConfigOptions) => string[] {
  return ({ identities }) => {
    if (!identities.has('certificate')) return [];
    const forms = `forward_auth:${form},generic:${form}`;
    return [
      `THINGPASS_CERTIFICATE_FORMS=${forms}`,
      'THINGPASS_PROXIES=127.0.0.1',
      // What the proxy does not say, its configuration does: it admits nobody whom it did not verify.
      ...(tellsVerification ? [] : [`THINGPASS_UNCHECKED_CERTIFICATES=${forms}`]),
    ];
  };
}

/** Every header in which ThingPass might read a certificate in the forms of these proxies: a client's own are taken away first. */
export const CERTIFICATE_HEADERS = [
  'X-SSL-Client-Cert',
  'X-SSL-Client-Verify',
  'X-Forwarded-Tls-Client-Cert',
  'X-Forwarded-Client-Cert',
  'Client-Cert',
  'Client-Cert-Chain',
] as const;
