import { type ConfigOptions, hasPlain, type Product, urlOf, when } from '../options.ts';
import { emqxCheck } from './check.ts';

/** EMQX 5 and 6 (`brokers/emqx/emqx.md`). */
export const emqx: Product = {
  name: 'emqx',
  identities: ['token', 'basic', 'certificate'],
  https: false,
  versions: ['5.8', '5.9', '5.10', '6.0', '6.1', '6.2'],
  settings: ({ identities }) =>
    identities.has('certificate')
      ? [
          'THINGPASS_CERTIFICATE_FORMS=emqx:emqx_cert_pem',
          // EMQX does not say whether it verified; the listener below does (section 6).
          'THINGPASS_UNCHECKED_CERTIFICATES=emqx:emqx_cert_pem',
          'THINGPASS_CERTIFICATE_ONLY_LISTENERS=emqx:ssl:default',
        ]
      : [],
  files: (options) => [
    { name: 'emqx.conf', text: emqxConf(options) },
    { name: 'provisioning.conf', text: provisioningConf(options) },
  ],
  check: emqxCheck,
};

function emqxConf(options: ConfigOptions): string {
  const { version } = options;
  const certificate = options.identities.has('certificate');
  return `# EMQX asks ThingPass. Made for EMQX 5.8 to 6.x; README.md next to this file says what each line avoids.

authentication = [
  {
    mechanism = password_based
    backend = http
    method = post
    url = "${urlOf(options, '/emqx/authentication')}"
    headers {
      content-type = "application/json"
      x-thingpass-secret = "${options.secret}"
    }
    body {
      clientid = "\${clientid}"
      username = "\${username}"
      password = "\${password}"
      peerhost = "\${peerhost}"
      listener = "\${listener}"
${when(
  certificate,
  `      cert_pem = "\${cert_pem}"
      cert_common_name = "\${cert_common_name}"
      cert_subject = "\${cert_subject}"
`,
)}    }
    pool_size = 8
    enable_pipelining = 100
    connect_timeout = 5s
    request_timeout = 5s
  }
  # SCRAM over HTTP, for MQTT 5 clients with an AUTH method (5.8 Enterprise, 5.9 and later): uncomment.
  # The last two of body are no placeholders: they repeat the two lines below them.
  # {
  #   mechanism = scram
  #   backend = http
  #   method = post
  #   url = "${urlOf(options, '/emqx/scram')}"
  #   headers {
  #     content-type = "application/json"
  #     x-thingpass-secret = "${options.secret}"
  #   }
  #   body {
  #     clientid = "\${clientid}"
  #     username = "\${username}"
  #     peerhost = "\${peerhost}"
  #     listener = "\${listener}"
  #     algorithm = "sha256"
  #     iteration_count = "4096"
  #   }
  #   algorithm = sha256
  #   iteration_count = 4096
  #   request_timeout = 5s
  # }
]

authorization {
  no_match = deny
  deny_action = ignore
  cache {
    enable = true
    max_size = 32
    ttl = 15s
  }
  sources = [
    {
      type = http
      method = post
      url = "${urlOf(options, '/emqx/authorization')}"
      headers {
        content-type = "application/json"
        x-thingpass-secret = "${options.secret}"
      }
      body {
        clientid = "\${clientid}"
        username = "\${username}"
        action = "\${action}"
        topic = "\${topic}"
        qos = "\${qos}"
        retain = "\${retain}"
        peerhost = "\${peerhost}"
        client_attrs__thingpass = "\${client_attrs.thingpass}"
      }
      pool_size = 8
      enable_pipelining = 100
      connect_timeout = 5s
      request_timeout = 5s
    }
  ]
}

${when(
  version !== '5.8',
  `# 5.9.0 and later; with 5.8 take these two lines out.
authentication_settings.node_cache.enable = false
authorization.node_cache.enable = false

`,
)}${when(
  hasPlain(options),
  `listeners.tcp.default {
  bind = "0.0.0.0:1883"
  # Each device in its own tree. Start ThingPass with THINGPASS_MOUNTED_BROKERS=emqx then, and do it on every listener.
  # mountpoint = "devices/\${client_attrs.thingpass_device}/"
}

`,
)}${when(
  certificate,
  `# Client certificates: all three lines, or anybody's self-signed certificate is forwarded like a genuine one.
listeners.ssl.default {
  bind = "0.0.0.0:8883"
  ssl_options {
    certfile = "/etc/emqx/certs/server.pem"
    keyfile = "/etc/emqx/certs/server.key"
    cacertfile = "/etc/emqx/certs/devices-ca.pem"
    verify = verify_peer
    fail_if_no_peer_cert = true
  }
  # mountpoint = "devices/\${client_attrs.thingpass_device}/"
}
`,
)}`;
}

function provisioningConf(options: ConfigOptions): string {
  return `# Devices provision themselves over MQTT: add this behind emqx.conf. Made for EMQX 5.8 to 6.x; README.md next to this file
# says what each line avoids. It needs the mountpoint of emqx.conf on every listener.

connectors.http.thingpass {
  url = "${urlOf(options, '')}"
  connect_timeout = 5s
  pool_size = 2
  enable_pipelining = 1
}

actions.http.thingpass_provision {
  connector = thingpass
  parameters {
    method = post
    path = "/emqx/provision"
    headers {
      content-type = "application/json"
      x-thingpass-secret = "${options.secret}"
    }
    max_retries = 0
  }
  resource_opts {
    request_ttl = 30s
  }
}

rule_engine.rules.thingpass_provision {
  sql = """SELECT clientid, topic, base64_encode(payload) as payload FROM "devices/+//provision/request" """
  actions = ["http:thingpass_provision"]
}
`;
}
