import { type ConfigOptions, hasPlain, type Product, when } from '../options.ts';
import { CERTIFICATE_HEADERS } from '../proxy.ts';
import { haproxyCheck } from './check.ts';

/**
 * HAProxy 2.6 and later (`certificates/forwarded-certificates.md` section 4.4). It asks nobody by itself: it hands on what it saw, by
 * PROXY protocol to brokers that read it, in headers to brokers that relay those.
 */
export const haproxy: Product = {
  name: 'haproxy',
  identities: ['token', 'basic', 'certificate'],
  https: true,
  settings: ({ identities }) =>
    identities.has('certificate')
      ? [
          'THINGPASS_CERTIFICATE_FORMS=emqx:emqx_name,generic:haproxy',
          'THINGPASS_CERTIFICATE_NAMES=emqx:credential',
          'THINGPASS_CERTIFICATE_ONLY_LISTENERS=emqx:tcp:certificates',
          'THINGPASS_PROXIES=127.0.0.1',
        ]
      : [],
  files: (options) => [{ name: 'thingpass.cfg', text: configuration(options) }],
  check: haproxyCheck,
};

function configuration(options: ConfigOptions): string {
  const certificate = options.identities.has('certificate');
  const plain = hasPlain(options);
  const authority = ' ca-file /etc/haproxy/devices-ca.pem verify';
  return `# HAProxy ends TLS for MQTT and for MQTT over WebSockets. Made for HAProxy 2.6 and later; README.md next to this file says what each
# line avoids. The broker's own listeners, which expect PROXY protocol version 2 from HAProxy alone, are taken to be
# on 127.0.0.1.

global
  log stderr format raw local0 notice
  ssl-default-bind-options ssl-min-ver TLSv1.2
  # A certificate in a header is longer than the default of 16 kB allows.
  tune.bufsize 65536

defaults
  timeout connect 5s
  # Longer than the keep-alive of any device: MQTT is quiet for long.
  timeout client 1h
  timeout server 1h

${when(
  plain,
  `# MQTT with access tokens and passwords.
frontend mqtts
  mode tcp
  bind :8883 ssl crt /etc/haproxy/server.pem
  default_backend mqtt

backend mqtt
  mode tcp
  balance leastconn
  server broker 127.0.0.1:1883 check send-proxy-v2

`,
)}${when(
  certificate,
  `# MQTT with certificates: nobody gets through without one, so the broker may take the name that HAProxy hands on. That
# listener of the broker is for HAProxy alone; in EMQX: listeners.tcp.certificates { bind = "127.0.0.1:1884", proxy_protocol = true }
frontend mqtts_certificates
  mode tcp
  bind :${plain ? 8884 : 8883} ssl crt /etc/haproxy/server.pem${authority} required
  default_backend mqtt_certificates

backend mqtt_certificates
  mode tcp
  balance leastconn
  server broker 127.0.0.1:1884 check send-proxy-v2 proxy-v2-options ssl,cert-cn

`,
)}# MQTT over WebSockets. A client's own certificate headers are removed, whether or not it has a certificate.
frontend wss
  mode http
  bind :443 ssl crt /etc/haproxy/server.pem${when(certificate, `${authority} ${plain ? 'optional' : 'required'}`)}
  ${[...CERTIFICATE_HEADERS, 'X-SSL-Client-Used', 'X-SSL-Client-Chain-DER', 'X-SSL-Client-SHA256'].map((name) => `http-request del-header ${name}`).join('\n  ')}
${when(
  certificate,
  `  # ssl_c_verify is 0 without a certificate too, so all of them only with one.
  http-request set-header X-SSL-Client-Cert %[ssl_c_der,base64] if { ssl_c_used }
  http-request set-header X-SSL-Client-Verify %[ssl_c_verify] if { ssl_c_used }
  http-request set-header X-SSL-Client-Used %[ssl_c_used] if { ssl_c_used }
`,
)}  default_backend websockets

backend websockets
  mode http
  balance leastconn
  timeout tunnel 1h
  server broker 127.0.0.1:8083 check
`;
}
