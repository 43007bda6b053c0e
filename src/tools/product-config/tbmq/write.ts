import { type ConfigOptions, hasPlain, namesFrom, type Product, urlOf } from '../options.ts';

/** TBMQ's HTTP authentication provider (`brokers/tbmq/tbmq.md`), for its API or user interface. */
export const tbmq: Product = {
  name: 'tbmq',
  identities: ['token', 'basic', 'certificate'],
  https: true,
  // No request names its listener, so names count only where the whole broker demands certificates.
  settings: (options) =>
    options.identities.has('certificate') && !hasPlain(options) ? namesFrom('tbmq', 'tbmq_name', 'tbmq') : [],
  files: (options) => [{ name: 'provider.json', text: provider(options) }],
};

function provider(options: ConfigOptions): string {
  return `{
  "type": "HTTP",
  "enabled": true,
  "configuration": {
    "type": "HTTP",
    "restEndpointUrl": "${urlOf(options, '/tbmq')}",
    "requestMethod": "POST",
    "credentials": { "type": "anonymous" },
    "headers": {
      "Content-Type": "application/json",
      "X-ThingPass-Secret": "${options.secret}"
    },
    "requestBody": "{\\"username\\":\\"\${username}\\",\\"password\\":\\"\${password}\\",\\"clientId\\":\\"\${clientId}\\",\\"commonName\\":\\"\${commonName}\\"}",
    "readTimeoutMs": 2000,
    "maxParallelRequestsCount": 100,
    "maxInMemoryBufferSizeInKb": 256,
    "defaultClientType": "DEVICE",
    "authRules": { "pubAuthRulePatterns": ["(?!)"], "subAuthRulePatterns": ["(?!)"] }
  }
}
`;
}
