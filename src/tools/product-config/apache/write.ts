import { type ConfigOptions, hasPlain, type Product, when } from '../options.ts';
import { CERTIFICATE_HEADERS } from '../proxy.ts';

/**
 * Apache httpd 2.4.47 and later (`certificates/forwarded-certificates.md` section 4.5). It has nothing to ask ThingPass with: it hands the
 * certificate to a broker that relays it.
 */
export const apache: Product = {
  name: 'apache',
  identities: ['token', 'basic', 'certificate'],
  https: true,
  settings: ({ identities }) =>
    identities.has('certificate')
      ? ['THINGPASS_CERTIFICATE_FORMS=generic:apache', 'THINGPASS_PROXIES=127.0.0.1']
      : [],
  files: (options) => [{ name: 'thingpass.conf', text: site(options) }],
};

function site(options: ConfigOptions): string {
  const certificate = options.identities.has('certificate');
  return `# Apache ends TLS for MQTT over WebSockets${when(certificate, ' and hands the certificate to a broker that relays it')}:
# sites-available/thingpass.conf. README.md next to this file says what each line avoids. The broker's own WebSocket
# listener is taken to be 127.0.0.1:8083. Modules: a2enmod ssl headers proxy proxy_http proxy_wstunnel

Listen 443
<VirtualHost *:443>
  SSLEngine on
  SSLCertificateFile /etc/apache2/certs/server.pem
  SSLCertificateKeyFile /etc/apache2/certs/server.key
${when(
  certificate,
  `  SSLCACertificateFile /etc/apache2/certs/devices-ca.pem
  SSLVerifyClient ${hasPlain(options) ? 'optional' : 'require'}
  SSLVerifyDepth 3
`,
)}
  # early: before anything else looks at the request, and whatever location it matches.
  ${CERTIFICATE_HEADERS.map((name) => `RequestHeader unset ${name} early`).join('\n  ')}
${when(
  certificate,
  `  # Without a certificate both are the text "(null)", which ThingPass reads as none.
  RequestHeader set X-SSL-Client-Cert "%{SSL_CLIENT_CERT}s"
  RequestHeader set X-SSL-Client-Verify "%{SSL_CLIENT_VERIFY}s"
  RequestHeader set X-SSL-Client-Cert-Chain-0 "%{SSL_CLIENT_CERT_CHAIN_0}s"
  RequestHeader set X-SSL-Client-Cert-Chain-1 "%{SSL_CLIENT_CERT_CHAIN_1}s"
`,
)}
  # The broker's idle connections are its own business.
  ProxyTimeout 3600
  ProxyPass /mqtt ws://127.0.0.1:8083/mqtt upgrade=websocket
</VirtualHost>
`;
}
