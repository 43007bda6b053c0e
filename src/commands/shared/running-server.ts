import { ThingPassError } from '../../model/errors.ts';
import { loadConfig } from './command.ts';

/** How long a running server may take to answer, in milliseconds. */
const LONGEST_WAIT_MS = 10_000;

/** An address that stands for every interface is no address to ask. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Asks the management API of a running server, with the key in `THINGPASS_API_KEY`.
 * @param base such as `http://10.0.0.5:8080`; the server of this machine when not given.
 * @param path below `/api/v1`.
 * @throws {ThingPassError} `command_failed` without a key, when the server does not answer, and for what it refuses.
 */
export async function askRunningServer<Answer>(
  base: string | undefined,
  method: 'GET' | 'DELETE' | 'POST',
  path: string,
  body?: object,
): Promise<Answer> {
  const { host, port, apiKey } = loadConfig();
  if (apiKey === undefined)
    throw new ThingPassError(
      'command_failed',
      'THINGPASS_API_KEY is not set; thingpass api-key create makes a key',
    );
  const server = base?.replace(/\/+$/, '') ?? `http://${reachable(host)}:${port}`;
  let response: Response;
  let answer: { title?: string; detail?: string };
  try {
    response = await fetch(`${server}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(LONGEST_WAIT_MS),
    });
    answer = (await response.json()) as typeof answer;
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    throw new ThingPassError('command_failed', `${server} does not answer: ${cause?.message ?? message}`);
  }
  if (!response.ok)
    throw new ThingPassError(
      'command_failed',
      `${server} refuses: ${answer.title ?? response.status}: ${answer.detail ?? ''}`,
    );
  return answer as Answer;
}
