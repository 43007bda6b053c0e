import type { Answer } from './simulated-broker.ts';

/** Patterns of topics and filters. @internal */
export interface AuthRules {
  readonly pub: readonly string[];
  readonly sub: readonly string[];
}

/** What TBMQ makes of an answer; `default` is what the provider itself is set to. */
export type TbmqReading =
  | { readonly outcome: 'FAILURE' | 'SKIPPED' }
  | {
      readonly outcome: 'SUCCESS';
      readonly clientType: string;
      readonly authRules: AuthRules | 'default';
    };

const SKIPPED: TbmqReading = { outcome: 'SKIPPED' };
const DEFAULTS: TbmqReading = { outcome: 'SUCCESS', clientType: 'default', authRules: 'default' };
const LARGEST = 256 * 1024;

/**
 * TBMQ's own reading (`brokers/tbmq/tbmq.md` section 2).
 * @param answer `null` for none.
 */
export function tbmqReads(answer: Answer | null): TbmqReading {
  if (answer === null || answer.status < 200 || answer.status > 299) return SKIPPED;
  const contentType = answer.headers['content-type'];
  const isJson = contentType !== undefined && /^application\/(json|[^;]+\+json)(;|$)/.test(contentType);
  if (answer.body === '') return contentType === undefined || isJson ? DEFAULTS : SKIPPED;
  if (!isJson || answer.body.length > LARGEST) return SKIPPED;
  let parsed: unknown;
  try {
    parsed = JSON.parse(firstValue(answer.body));
  } catch {
    return SKIPPED;
  }
  if (parsed === null) return DEFAULTS;
  if (typeof parsed !== 'object' || Array.isArray(parsed)) return SKIPPED;
  return readObject(parsed as Record<string, unknown>);
}

/** Text after the object is ignored. */
function firstValue(body: string): string {
  return /^\{.*\}(?= \w)/s.exec(body)?.[0] ?? body;
}

function readObject({ result, clientType, authRules }: Record<string, unknown>): TbmqReading {
  const outcome = result === undefined || result === null ? 'SUCCESS' : String(result).toUpperCase();
  if (typeof result === 'object' && result !== null) return SKIPPED;
  const rules = readRules(authRules);
  if (rules === undefined) return SKIPPED;
  if (outcome === 'FAILURE') return { outcome };
  if (outcome !== 'SUCCESS') return SKIPPED;
  const type = String(clientType ?? '').toUpperCase();
  const known = ['DEVICE', 'APPLICATION', 'INTEGRATION'].includes(type);
  return { outcome, clientType: known ? type : 'default', authRules: rules };
}

function readRules(rules: unknown): AuthRules | 'default' | undefined {
  if (rules === undefined || rules === null) return 'default';
  if (typeof rules !== 'object' || Array.isArray(rules)) return undefined;
  const { pub, sub, pubAuthRulePatterns, subAuthRulePatterns } = rules as Record<string, unknown>;
  const lists = [pubAuthRulePatterns ?? pub ?? [], subAuthRulePatterns ?? sub ?? []];
  if (!lists.every(Array.isArray)) return undefined;
  const [publish, subscribe] = lists.map((list) => (list as unknown[]).map(asPattern));
  if ([...(publish ?? []), ...(subscribe ?? [])].includes(undefined)) return 'default';
  return { pub: publish as string[], sub: subscribe as string[] };
}

/** `undefined` for what Java does not compile, as far as JavaScript tells; a lone brace is one of the differences. */
function asPattern(value: unknown): string | undefined {
  if (value === null) return undefined;
  const text = String(value);
  if (/(?<!\\)\$\{/.test(text)) return undefined;
  try {
    new RegExp(text);
    return text;
  } catch {
    return undefined;
  }
}

/** The whole text must match some pattern of the list (section 3). */
export function tbmqAllows(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(text));
}
