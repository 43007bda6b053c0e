import { authority, type ConfigOptions, type Product } from '../options.ts';
import { mosquittoCheck } from './check.ts';

/**
 * Mosquitto with mosquitto-go-auth (`brokers/mosquitto/mosquitto.md`): the original, `iegomez`, or the maintained fork, `lhns`.
 * Without a version both files are made, of which one is used.
 */
export const mosquitto: Product = {
  name: 'mosquitto',
  identities: ['token', 'basic'],
  https: false,
  versions: ['iegomez', 'lhns'],
  settings: () => [],
  files: (options) => {
    const original = { name: 'mosquitto.conf', text: forOriginal(options) };
    const fork = { name: 'mosquitto-lhns.conf', text: forFork(options) };
    if (options.version === undefined) return [original, fork];
    return [options.version === 'lhns' ? fork : original];
  },
  check: mosquittoCheck,
};

function place({ url }: ConfigOptions) {
  return { ...authority(url), path: url.pathname.replace(/\/$/, '') };
}

function forOriginal(options: ConfigOptions): string {
  const { host, port, path } = place(options);
  return `# Mosquitto with mosquitto-go-auth asks ThingPass. README.md next to this file says what each line avoids.
# Mosquitto knows no comments behind a value: what stands behind an auth_opt_ is part of it.

listener 1883
allow_anonymous false

auth_plugin /mosquitto/go-auth.so
auth_opt_backends http

# The secret, as user:password in front of the host; characters other than letters, digits, - and _ as %XX.
auth_opt_http_host thingpass:${options.secret}@${host}
auth_opt_http_port ${port}
auth_opt_http_getuser_uri ${path}/mosquitto/user
auth_opt_http_aclcheck_uri ${path}/mosquitto/acl
auth_opt_http_params_mode json
auth_opt_http_response_mode status
auth_opt_http_timeout 2
auth_opt_retry_count 1
auth_opt_disable_superuser true
auth_opt_cache false
`;
}

function forFork(options: ConfigOptions): string {
  const { host, port, path } = place(options);
  return `# The same for the maintained fork, lhns/mosquitto-go-auth 3.1 or later: instead of mosquitto.conf.

listener 1883
allow_anonymous false

auth_plugin /mosquitto/go-auth.so
auth_opt_backends http

# Access tokens as a user name without a password: the original refuses them without asking.
auth_opt_allow_empty_credentials true
auth_opt_http_header_X-ThingPass-Secret ${options.secret}

auth_opt_http_host ${host}
auth_opt_http_port ${port}
auth_opt_http_getuser_uri ${path}/mosquitto/user
auth_opt_http_aclcheck_uri ${path}/mosquitto/acl
auth_opt_http_params_mode json
auth_opt_http_response_mode status
auth_opt_http_timeout 2
auth_opt_retry_count 1
auth_opt_disable_superuser true
auth_opt_cache false
`;
}
