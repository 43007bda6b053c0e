import { type ConfigOptions, type Product, urlOf } from '../options.ts';

/** RMQTT with `rmqtt-auth-http` (`brokers/rmqtt/rmqtt.md`). */
export const rmqtt: Product = {
  name: 'rmqtt',
  identities: ['token', 'basic'],
  https: false,
  settings: () => [],
  files: (options) => [
    { name: 'rmqtt.toml', text: rmqttToml() },
    { name: 'rmqtt-auth-http.toml', text: authHttp(options) },
    { name: 'rmqtt-acl.toml', text: acl() },
  ],
};

function rmqttToml(): string {
  return `# The part of rmqtt.toml that makes RMQTT ask ThingPass about every client.

plugins.dir = "plugins/"
plugins.default_startups = ["rmqtt-auth-http"]

listener.tcp.external.addr = "0.0.0.0:1883"
# As shipped it is true: then a client without a user name is let in, and ThingPass is not asked.
listener.tcp.external.allow_anonymous = false

listener.tls.external.addr = "0.0.0.0:8883"
listener.tls.external.cert = "/etc/rmqtt/server.pem"
listener.tls.external.key = "/etc/rmqtt/server.key"
listener.tls.external.allow_anonymous = false
`;
}

function authHttp(options: ConfigOptions): string {
  return `# plugins/rmqtt-auth-http.toml: RMQTT asks ThingPass. README.md next to this file says what each line avoids.

http_timeout = "2s"
http_headers.accept = "*/*"
http_headers.Connection = "keep-alive"
http_headers.X-ThingPass-Secret = "${options.secret}"

deny_if_error = true
disconnect_if_pub_rejected = true
disconnect_if_expiry = true
priority = 100

http_auth_req.url = "${urlOf(options, '/rmqtt/auth')}"
http_auth_req.method = "post"
http_auth_req.headers = { content-type = "application/json" }
http_auth_req.params = { clientid = "%c", username = "%u", password = "%P", ipaddr = "%a", protocol = "%r" }

http_acl_req.url = "${urlOf(options, '/rmqtt/acl')}"
http_acl_req.method = "post"
http_acl_req.headers = { content-type = "application/json" }
http_acl_req.params = { access = "%A", username = "%u", clientid = "%c", ipaddr = "%a", topic = "%t", protocol = "%r" }
`;
}

function acl(): string {
  return `# plugins/rmqtt-acl.toml: on by default, asked about everything that ThingPass leaves open. As shipped it lets everybody in.

disconnect_if_pub_rejected = true
priority = 10

rules = [
    ["deny", "all"]
]
`;
}
