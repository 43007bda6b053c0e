import type { Answer } from './simulated-broker.ts';

/** `crash`: the connection ends unanswered. `repeat`: asked again for as long as that is the answer. */
export type RabbitmqReading =
  | { readonly decision: 'yes'; readonly tags: string }
  | { readonly decision: 'no' | 'crash' | 'repeat' | 'as the target' };

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307]);

/**
 * RabbitMQ's own reading (`brokers/rabbitmq/rabbitmq.md` section 2).
 * @param answer without a status where none came in time.
 */
export function rabbitmqReads(endpoint: 'user' | 'other', answer: Partial<Answer>): RabbitmqReading {
  const { status, body = '', headers = {} } = answer;
  if (status === undefined) return { decision: 'no' };
  if (REDIRECTS.has(status)) return { decision: 'as the target' };
  if (status === 503 && 'retry-after' in headers) return { decision: 'repeat' };
  if (status !== 200 && status !== 201) return { decision: 'no' };
  const text = trimSpaces(body).toLowerCase();
  if (endpoint === 'user') {
    if (!text.startsWith('allow')) return { decision: 'no' };
    return { decision: 'yes', tags: trimSpaces(text.slice('allow'.length)) };
  }
  if (text === 'allow') return { decision: 'yes', tags: '' };
  return { decision: text === 'deny' ? 'no' : 'crash' };
}

/** Spaces only, no line breaks. */
function trimSpaces(text: string): string {
  return text.replace(/^ +| +$/g, '');
}
