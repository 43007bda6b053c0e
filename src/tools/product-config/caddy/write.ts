import { type ConfigOptions, hasPlain, type Product, when } from '../options.ts';
import { CERTIFICATE_HEADERS, proxySettings } from '../proxy.ts';

/** Caddy 2.8 and later (`certificates/forwarded-certificates.md` section 4.6). */
export const caddy: Product = {
  name: 'caddy',
  identities: ['token', 'basic', 'certificate'],
  https: true,
  settings: proxySettings('caddy', false),
  files: (options) => [{ name: 'Caddyfile', text: caddyfile(options) }],
};

function caddyfile(options: ConfigOptions): string {
  const certificate = options.identities.has('certificate');
  const { origin, pathname } = options.url;
  const removed = CERTIFICATE_HEADERS.map((name) => `request_header -${name}`).join('\n  ');
  return `# Caddy ends TLS for MQTT over WebSockets${when(certificate, ' and asks ThingPass about certificates')}. Made for Caddy 2.8 and later; README.md
# next to this file says what each line avoids. The broker's own WebSocket listener is taken to be 127.0.0.1:8083.

:443 {
  tls /etc/caddy/server.pem /etc/caddy/server.key${when(
    certificate,
    ` {
    client_auth {
      # Never request or require: those hand on certificates that nobody verified.
      mode ${hasPlain(options) ? 'verify_if_given' : 'require_and_verify'}
      trust_pool file /etc/caddy/devices-ca.pem
    }
  }`,
  )}

  # A client's own certificate headers are taken away first.
  ${removed}
${when(
  certificate,
  `
  forward_auth /mqtt* ${origin} {
    uri ${pathname.replace(/\/$/, '')}/forward-auth
    header_up -Authorization
    header_up X-ThingPass-Secret ${options.secret}
    # DER in Base64: certificate_pem holds line ends, and every request would end with 502.
    header_up X-SSL-Client-Cert {http.request.tls.client.certificate_der_base64}
    copy_headers X-ThingPass-Device-Id X-ThingPass-Device-Name X-ThingPass-Role
  }
`,
)}
  reverse_proxy /mqtt* 127.0.0.1:8083
}
`;
}
