import { authority, type ConfigOptions, hasPlain, type Product, when } from '../options.ts';
import { proxySettings } from '../proxy.ts';

/** Envoy 1.30 and later (`certificates/forwarded-certificates.md` section 4.2). */
export const envoy: Product = {
  name: 'envoy',
  identities: ['token', 'basic', 'certificate'],
  https: false,
  settings: proxySettings('xfcc', false),
  files: (options) => [{ name: 'envoy.yaml', text: configuration(options) }],
};

function configuration(options: ConfigOptions): string {
  const { host, port } = authority(options.url);
  const certificate = options.identities.has('certificate');
  const prefix = `${options.url.pathname.replace(/\/$/, '')}/forward-auth`;
  return `# Envoy ends TLS for MQTT over WebSockets${when(certificate, ' and asks ThingPass about certificates')}. Made for Envoy 1.30 and later; README.md
# next to this file says what each line avoids. The broker's own WebSocket listener is taken to be 127.0.0.1:8083.

static_resources:
  listeners:
    - name: wss
      address:
        socket_address: { address: 0.0.0.0, port_value: 443 }
      filter_chains:
        - transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
${when(certificate, `              require_client_certificate: ${hasPlain(options) ? 'false' : 'true'}\n`)}              common_tls_context:
                tls_certificates:
                  - certificate_chain: { filename: /etc/envoy/server.pem }
                    private_key: { filename: /etc/envoy/server.key }
${when(
  certificate,
  `                # Never with trust_chain_verification: ACCEPT_UNTRUSTED: the header would be written for anybody's certificate.
                validation_context:
                  trusted_ca: { filename: /etc/envoy/devices-ca.pem }
`,
)}          filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: wss
                stream_idle_timeout: 0s
                # Takes away what the client sent${when(certificate, ', and writes what Envoy saw')}.
                forward_client_cert_details: ${certificate ? 'SANITIZE_SET' : 'SANITIZE'}
${when(certificate, '                set_current_client_cert_details: { cert: true, chain: true }\n')}                upgrade_configs:
                  - upgrade_type: websocket
                http_filters:
${when(
  certificate,
  `                  - name: envoy.filters.http.ext_authz
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
                      # ThingPass away: nobody gets through.
                      failure_mode_allow: false
                      http_service:
                        server_uri:
                          uri: ${options.url.protocol}//${host}:${port}
                          cluster: thingpass
                          timeout: 2s
                        path_prefix: ${prefix}
                        authorization_request:
                          allowed_headers:
                            patterns: [{ exact: x-forwarded-client-cert }]
                          headers_to_add:
                            - { key: x-thingpass-secret, value: ${options.secret} }
                        authorization_response:
                          allowed_upstream_headers:
                            patterns: [{ prefix: x-thingpass- }]
`,
)}                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                    - name: broker
                      domains: ['*']
                      routes:
                        - match: { prefix: /mqtt }
                          route: { cluster: broker, timeout: 0s }
  clusters:
    - name: broker
      type: STATIC
      load_assignment:
        cluster_name: broker
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address: { socket_address: { address: 127.0.0.1, port_value: 8083 } }
${when(
  certificate,
  `    - name: thingpass
      type: STRICT_DNS
      load_assignment:
        cluster_name: thingpass
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address: { socket_address: { address: ${host}, port_value: ${port} } }
`,
)}`;
}
