/** Where notices go. */
export interface WebhookConfig {
  /** May hold a secret itself: never logged. */
  readonly url: string;
  /** Each signs; several while the receiver changes over. */
  readonly secrets: readonly string[];
}

export interface ExpiryConfig {
  readonly checkEveryMs: number;
  readonly webhook: WebhookConfig | undefined;
}

const SHORTEST_SECRET = 16;

/** @param text gives a setting by name, checked for its kind already. @param problems takes one sentence for each that cannot be. */
export function readExpiryConfig(text: (name: string) => string, problems: string[]): ExpiryConfig {
  const checkEveryMs = Number(text('THINGPASS_EXPIRY_CHECK_MINUTES')) * 60_000;
  const url = text('THINGPASS_EXPIRY_WEBHOOK_URL');
  const secrets = text('THINGPASS_EXPIRY_WEBHOOK_SECRET')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (url === '' && secrets.length === 0) return Object.freeze({ checkEveryMs, webhook: undefined });
  if (url === '' || secrets.length === 0)
    problems.push('THINGPASS_EXPIRY_WEBHOOK_URL and THINGPASS_EXPIRY_WEBHOOK_SECRET go together');
  if (url !== '' && !isPlainHttp(url))
    problems.push('THINGPASS_EXPIRY_WEBHOOK_URL is no http or https URL without user name');
  if (secrets.some((secret) => secret.length < SHORTEST_SECRET))
    problems.push(`THINGPASS_EXPIRY_WEBHOOK_SECRET is shorter than ${SHORTEST_SECRET} characters`);
  return Object.freeze({ checkEveryMs, webhook: { url, secrets } });
}

function isPlainHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
