import { type ConfigOptions, type Product, when } from '../options.ts';

/** An edge NanoMQ that connects to a broker of ours as a device or gateway (`brokers/nanomq/nanomq.md` section 11). */
export const nanomqBridge: Product = {
  name: 'nanomq-bridge',
  folder: 'nanomq',
  identities: ['token', 'basic', 'certificate'],
  https: true,
  settings: () => [],
  files: (options) => [{ name: 'nanomq-bridge.conf', text: bridge(options) }],
};

/** One bridge has one identity: the strongest of those that are asked for. */
function bridge({ identities }: ConfigOptions): string {
  const certificate = identities.has('certificate');
  const basic = !certificate && identities.has('basic');
  return `# An edge NanoMQ as a gateway: it connects to the broker that asks ThingPass. Made for NanoMQ 0.25; README.md next to this
# file says what each line avoids. Create the gateway with: thingpass device create edge-1 --gateway${when(certificate, ' --x509 edge-1.pem')}${when(basic, ' --mqtt-basic --client-id edge-1 --username edge-1')}

bridges.mqtt.cloud {
  server = "tls+mqtt-tcp://broker.example.com:8883"
  proto_ver = 4
  clientid = "edge-1"
${when(!certificate && !basic, '  # The access token; a password is not looked at, but NanoMQ wants one.\n  username = "CHANGE-ME-access-token"\n  password = "-"\n')}${when(basic, '  username = "edge-1"\n  password = "CHANGE-ME-password"\n')}  keepalive = 60s
  # Refused attempts are repeated: nine in fourteen seconds at first, then at most so far apart.
  backoff_max = 60s
  clean_start = false

  ssl {
    # Fetched and replaced by deploy/nanomq/ca-sync.sh: an empty or broken file takes the bridge down.
    # NanoMQ 0.25 reads no verify_peer here and connects to whatever answers: bring the bridge through a VPN where that matters.
    cacertfile = "/etc/nanomq/ca.pem"
${when(certificate, '    certfile = "/etc/nanomq/edge-1.pem"\n    keyfile = "/etc/nanomq/edge-1.key"\n')}  }

  forwards = [
    {
      remote_topic = "v1/gateway/telemetry"
      local_topic = "gateway/telemetry"
      qos = 1
    }
  ]
  subscription = [
    {
      remote_topic = "v1/gateway/rpc"
      local_topic = "gateway/rpc"
      qos = 1
    }
  ]
  max_parallel_processes = 2
  max_send_queue_len = 1024
  max_recv_queue_len = 1024
}
`;
}
