import { type ConfigOptions, hasPlain, type Product, urlOf, when } from '../options.ts';
import { CERTIFICATE_HEADERS, proxySettings } from '../proxy.ts';
import { nginxCheck } from './check.ts';

/** nginx 1.13.5 and later, which writes certificates escaped (`certificates/forwarded-certificates.md` section 4.3). */
export const nginx: Product = {
  name: 'nginx',
  identities: ['token', 'basic', 'certificate'],
  https: true,
  settings: proxySettings('nginx', true),
  files: (options) => [{ name: 'thingpass.conf', text: site(options) }],
  check: nginxCheck,
};

const CERTIFICATE = `X-SSL-Client-Verify $ssl_client_verify;
    proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;`;

function site(options: ConfigOptions): string {
  const certificate = options.identities.has('certificate');
  const plain = hasPlain(options);
  return `# nginx ends TLS for MQTT over WebSockets${when(certificate, ' and asks ThingPass about certificates')}: conf.d/thingpass.conf. README.md next to
# this file says what each line avoids. The broker's own WebSocket listener is taken to be 127.0.0.1:8083.

server {
  listen 443 ssl;
  ssl_certificate /etc/nginx/certs/server.pem;
  ssl_certificate_key /etc/nginx/certs/server.key;
${when(
  certificate,
  `  ssl_client_certificate /etc/nginx/certs/devices-ca.pem;
  # on: nobody without a certificate. optional: those too, at the locations that ask no certificate.
  ssl_verify_client ${plain ? 'optional' : 'on'};
  ssl_verify_depth 3;
`,
)}  # A certificate with its escapes is longer than nginx's default of 8 kB.
  large_client_header_buffers 4 64k;

  # Inherited by locations that set no header themselves: a client's own certificate headers never pass.
  ${CERTIFICATE_HEADERS.map((name) => `proxy_set_header ${name} "";`).join('\n  ')}
${when(
  plain,
  `
  # Access tokens and passwords: the broker sees the CONNECT and asks ThingPass itself.
  location /mqtt {
    proxy_pass http://127.0.0.1:8083;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
    ${CERTIFICATE_HEADERS.map((name) => `proxy_set_header ${name} "";`).join('\n    ')}
    proxy_read_timeout 1h;
  }
`,
)}${when(
  certificate,
  `
  # Certificates: ThingPass is asked before the upgrade, and told nothing but what nginx saw itself.
  location ${plain ? '/mqtt-certificate' : '/mqtt'} {
    auth_request /thingpass;
    auth_request_set $thingpass_device_id $upstream_http_x_thingpass_device_id;
    auth_request_set $thingpass_role $upstream_http_x_thingpass_role;
    proxy_pass http://127.0.0.1:8083;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
    ${CERTIFICATE_HEADERS.filter((name) => !name.startsWith('X-SSL-'))
      .map((name) => `proxy_set_header ${name} "";`)
      .join('\n    ')}
    # For a broker that relays them to POST /v1/connect, as deploy/aedes does.
    proxy_set_header ${CERTIFICATE}
    proxy_set_header X-ThingPass-Device-Id $thingpass_device_id;
    proxy_set_header X-ThingPass-Role $thingpass_role;
    proxy_read_timeout 1h;
  }

  location = /thingpass {
    internal;
    proxy_pass ${urlOf(options, '/forward-auth')};
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header Authorization "";
    proxy_set_header X-ThingPass-Secret ${options.secret};
    ${CERTIFICATE_HEADERS.filter((name) => !name.startsWith('X-SSL-'))
      .map((name) => `proxy_set_header ${name} "";`)
      .join('\n    ')}
    proxy_set_header ${CERTIFICATE}
  }
`,
)}}
`;
}
