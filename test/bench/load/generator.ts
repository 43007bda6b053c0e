import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measured, Order } from './client.ts';

const CLIENT = fileURLToPath(new URL('./client.ts', import.meta.url));

/** The process that makes the load. */
export class Generator {
  readonly #child: ChildProcess = fork(CLIENT, { execArgv: ['--import', 'tsx'] });

  /** @throws {Error} when an answer is wrong: a figure for wrong answers is no figure. */
  async run(order: Order): Promise<Measured> {
    const answer = new Promise<{ measured?: Measured; error?: string }>((resolve) => {
      this.#child.once('message', resolve);
    });
    this.#child.send(order);
    const { measured, error } = await answer;
    if (measured === undefined) throw new Error(error);
    if (measured.wrong > 0)
      throw new Error(
        `${measured.wrong} of ${measured.answered} answers are wrong, such as\n${measured.sample}`,
      );
    return measured;
  }

  stop(): void {
    this.#child.kill();
  }
}

/** A POST with a JSON body as it goes over the wire, in Base64. */
export function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): string {
  const text = JSON.stringify(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`).toString('base64');
}
