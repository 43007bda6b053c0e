import { type ConfigOptions, hasPlain, type Product, urlOf, when } from '../options.ts';
import { proxySettings } from '../proxy.ts';

/** Traefik 3 (`certificates/forwarded-certificates.md` section 4.7). */
export const traefik: Product = {
  name: 'traefik',
  identities: ['token', 'basic', 'certificate'],
  https: true,
  settings: proxySettings('traefik', false),
  files: (options) => [
    { name: 'traefik.yaml', text: STATIC },
    { name: 'dynamic.yaml', text: dynamic(options) },
  ],
};

const STATIC = `# Traefik's static configuration. Made for Traefik 3; README.md next to this file says what each line avoids.

entryPoints:
  wss:
    address: ':443'
    # No forwardedHeaders.insecure and no trustedIPs: Traefik then takes a client's own certificate headers away.
providers:
  file:
    filename: /etc/traefik/dynamic.yaml
`;

function dynamic(options: ConfigOptions): string {
  const certificate = options.identities.has('certificate');
  return `# Traefik ends TLS for MQTT over WebSockets${when(certificate, ' and asks ThingPass about certificates')}: the dynamic configuration. The
# broker's own WebSocket listener is taken to be 127.0.0.1:8083.

tls:
  certificates:
    - certFile: /etc/traefik/server.pem
      keyFile: /etc/traefik/server.key
${when(
  certificate,
  `  options:
    default:
      clientAuth:
        caFiles: [/etc/traefik/devices-ca.pem]
        # Never RequestClientCert or RequireAnyClientCert: those hand on certificates that nobody verified.
        clientAuthType: ${hasPlain(options) ? 'VerifyClientCertIfGiven' : 'RequireAndVerifyClientCert'}
`,
)}
http:
  routers:
    mqtt:
      entryPoints: [wss]
      rule: PathPrefix(\`/mqtt\`)
      service: broker
      tls: {}
${when(certificate, '      middlewares: [certificate, thingpass]\n')}  services:
    broker:
      loadBalancer:
        servers:
          - url: http://127.0.0.1:8083
${when(
  certificate,
  `  middlewares:
    certificate:
      passTLSClientCert:
        pem: true
    thingpass:
      forwardAuth:
        # Traefik cannot add a header here, so the secret stands in the path.
        address: ${urlOf(options, `/k/${options.secret}/forward-auth`)}
        # The certificate and nothing else: a client's Authorization is for the broker.
        authRequestHeaders: [X-Forwarded-Tls-Client-Cert]
        authResponseHeaders: [X-ThingPass-Device-Id, X-ThingPass-Device-Name, X-ThingPass-Role]
`,
)}`;
}
