import { type ConfigOptions, hasPlain, namesFrom, type Product, urlOf, when } from '../options.ts';
import { nanomqCheck } from './check.ts';

/** NanoMQ 0.25.5 and later (`brokers/nanomq/nanomq.md`). It speaks plain HTTP only. */
export const nanomq: Product = {
  name: 'nanomq',
  identities: ['token', 'basic', 'certificate'],
  https: false,
  settings: ({ identities }) =>
    identities.has('certificate') ? namesFrom('nanomq', 'nanomq_name', 'nanomq:8883') : [],
  files: (options) => [{ name: 'nanomq.conf', text: nanomqConf(options) }],
  check: nanomqCheck,
};

function nanomqConf(options: ConfigOptions): string {
  const certificate = options.identities.has('certificate');
  return `# NanoMQ asks ThingPass. Made for NanoMQ 0.25.5 and later; README.md next to this file says what each line avoids.

${when(
  hasPlain(options),
  `listeners.tcp {
  bind = "0.0.0.0:1883"
}

`,
)}${when(
  certificate,
  `# Client certificates: both switches, or anybody's self-signed CN=device-1 arrives as if it were verified.
listeners.ssl {
  bind = "0.0.0.0:8883"
  keyfile = "/etc/nanomq/server.key"
  certfile = "/etc/nanomq/server.pem"
  cacertfile = "/etc/nanomq/devices-ca.pem"
  verify_peer = true
  fail_if_no_peer_cert = true
}

`,
)}auth {
  # Access tokens come as a user name without a password: with false NanoMQ refuses those without asking.
  allow_anonymous = true

  http_auth = {
    auth_req {
      url = "${urlOf(options, '/nanomq/auth')}"
      method = "post"
      headers.content-type = "application/json"
      headers.x-thingpass-secret = "${options.secret}"
      params = {clientid = "%c", username = "%u", password = "%P", ipaddr = "%a", protocol = "%r", sockport = "%p"${when(certificate, ', common_name = "%C", subject = "%d"')}}
    }

    acl_req {
      url = "${urlOf(options, '/nanomq/acl')}"
      method = "post"
      headers.content-type = "application/json"
      headers.x-thingpass-secret = "${options.secret}"
      params = {clientid = "%c", username = "%u", access = "%A", ipaddr = "%a", topic = "%t", sockport = "%p"${when(certificate, ', common_name = "%C", subject = "%d"')}, password = "%P"}
    }

    timeout = 2s
    connect_timeout = 2s
  }
}
`;
}
