import { type ConfigOptions, hasPlain, namesFrom, type Product, urlOf, when } from '../options.ts';
import { rabbitmqCheck } from './check.ts';

/** RabbitMQ 3.10 to 4.3 (`brokers/rabbitmq/rabbitmq.md`). */
export const rabbitmq: Product = {
  name: 'rabbitmq',
  identities: ['token', 'basic', 'certificate'],
  https: false,
  // No request names its listener, so names count only where the whole broker demands certificates (section 6).
  settings: (options) =>
    options.identities.has('certificate') && !hasPlain(options)
      ? namesFrom('rabbitmq', 'rabbitmq_name', 'rabbitmq')
      : [],
  files: (options) => [{ name: 'rabbitmq.conf', text: rabbitmqConf(options) }],
  check: rabbitmqCheck,
};

function rabbitmqConf(options: ConfigOptions): string {
  return `# RabbitMQ asks ThingPass. Made for RabbitMQ 3.10 to 4.3; README.md next to this file says what each line avoids.
# Plugins: rabbitmq-plugins enable rabbitmq_mqtt rabbitmq_web_mqtt rabbitmq_auth_backend_http

# Nobody but ThingPass decides. Administrators of RabbitMQ itself: see README.md.
auth_backends.1 = http

# The secret stands in the URL: RabbitMQ sends it as Authorization: Basic, and no header can be configured.
auth_http.http_method   = post
auth_http.user_path     = ${urlOf(options, '/rabbitmq/user', true)}
auth_http.vhost_path    = ${urlOf(options, '/rabbitmq/vhost', true)}
auth_http.resource_path = ${urlOf(options, '/rabbitmq/resource', true)}
auth_http.topic_path    = ${urlOf(options, '/rabbitmq/topic', true)}
auth_http.request_timeout = 3000

${when(hasPlain(options), 'mqtt.listeners.tcp.default = 1883\n')}mqtt.allow_anonymous = false
mqtt.vhost = /
mqtt.exchange = amq.topic
web_mqtt.tcp.port = 15675

${certificates(options)}`;
}

/** Ready where certificates alone are wanted; to be uncommented where passwords come as well. */
function certificates(options: ConfigOptions): string {
  if (!options.identities.has('certificate')) return '';
  if (!hasPlain(options)) {
    return `# Client certificates: RabbitMQ logs them in by their common name, which is switched on in ThingPass (README.md).
mqtt.listeners.ssl.default = 8883
ssl_options.cacertfile = /etc/rabbitmq/devices-ca.pem
ssl_options.certfile   = /etc/rabbitmq/server.pem
ssl_options.keyfile    = /etc/rabbitmq/server.key
ssl_options.verify     = verify_peer
ssl_options.fail_if_no_peer_cert = true
mqtt.ssl_cert_login    = true
ssl_cert_login_from    = common_name
`;
  }
  return `# Client certificates: uncomment, and switch the name on in ThingPass (README.md).
#mqtt.listeners.ssl.default = 8883
#ssl_options.cacertfile = /etc/rabbitmq/devices-ca.pem
#ssl_options.certfile   = /etc/rabbitmq/server.pem
#ssl_options.keyfile    = /etc/rabbitmq/server.key
#ssl_options.verify     = verify_peer
#ssl_options.fail_if_no_peer_cert = true
#mqtt.ssl_cert_login    = true
#ssl_cert_login_from    = common_name
`;
}
