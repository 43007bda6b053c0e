import { type ConfigOptions, hasPlain, type Product, urlOf, when } from '../options.ts';

/** VerneMQ 2.2 (`brokers/vernemq/vernemq.md`). */
export const vernemq: Product = {
  name: 'vernemq',
  identities: ['token', 'basic', 'certificate'],
  https: false,
  settings: ({ identities }) =>
    identities.has('certificate') ? ['THINGPASS_CERTIFICATE_FORMS=vernemq:vernemq_client_cert'] : [],
  files: (options) => [{ name: 'vernemq.conf', text: vernemqConf(options) }],
};

function vernemqConf(options: ConfigOptions): string {
  return `# VerneMQ asks ThingPass. Made for VerneMQ 2.2; README.md next to this file says what each line avoids.

allow_anonymous = off
plugins.vmq_passwd = off
plugins.vmq_acl = off
plugins.vmq_webhooks = on

${when(hasPlain(options), 'listener.tcp.default = 0.0.0.0:1883\n\n')}${certificates(options)}# All six hooks, one URL. The secret stands in the URL: VerneMQ sends it as Authorization: Basic.
vmq_webhooks.register.hook = auth_on_register
vmq_webhooks.register.endpoint = ${urlOf(options, '/vernemq', true)}
vmq_webhooks.register.response_timeout = 3000
vmq_webhooks.register.base64encode = on

vmq_webhooks.publish.hook = auth_on_publish
vmq_webhooks.publish.endpoint = ${urlOf(options, '/vernemq', true)}
vmq_webhooks.publish.response_timeout = 3000
vmq_webhooks.publish.no_payload = on

vmq_webhooks.subscribe.hook = auth_on_subscribe
vmq_webhooks.subscribe.endpoint = ${urlOf(options, '/vernemq', true)}
vmq_webhooks.subscribe.response_timeout = 3000

vmq_webhooks.register5.hook = auth_on_register_m5
vmq_webhooks.register5.endpoint = ${urlOf(options, '/vernemq', true)}
vmq_webhooks.register5.response_timeout = 3000
vmq_webhooks.register5.base64encode = on

vmq_webhooks.publish5.hook = auth_on_publish_m5
vmq_webhooks.publish5.endpoint = ${urlOf(options, '/vernemq', true)}
vmq_webhooks.publish5.response_timeout = 3000
vmq_webhooks.publish5.no_payload = on

vmq_webhooks.subscribe5.hook = auth_on_subscribe_m5
vmq_webhooks.subscribe5.endpoint = ${urlOf(options, '/vernemq', true)}
vmq_webhooks.subscribe5.response_timeout = 3000
`;
}

/** Ready where certificates alone are wanted; to be uncommented where passwords come as well. */
function certificates(options: ConfigOptions): string {
  if (!options.identities.has('certificate')) return '';
  if (!hasPlain(options)) {
    return `# Client certificates; the form is switched on in ThingPass (README.md).
listener.ssl.default = 0.0.0.0:8883
listener.ssl.default.cafile = /etc/vernemq/devices-ca.pem
listener.ssl.default.certfile = /etc/vernemq/server.pem
listener.ssl.default.keyfile = /etc/vernemq/server.key
listener.ssl.default.require_certificate = on
listener.ssl.default.forward_connection_opts = on
listener.ssl.default.use_identity_as_username = off

`;
  }
  return `# Client certificates: uncomment, and switch the form on in ThingPass (README.md).
#listener.ssl.default = 0.0.0.0:8883
#listener.ssl.default.cafile = /etc/vernemq/devices-ca.pem
#listener.ssl.default.certfile = /etc/vernemq/server.pem
#listener.ssl.default.keyfile = /etc/vernemq/server.key
#listener.ssl.default.require_certificate = on
#listener.ssl.default.forward_connection_opts = on
#listener.ssl.default.use_identity_as_username = off

`;
}
