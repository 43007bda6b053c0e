/** How far a long piece of work has come. */
export interface Progress {
  /** @param share from 0 to 1, where the whole is known. */
  update(text: string, share?: number): void;
  /** Prints a line without the bar getting in its way. */
  line(text: string): void;
  /** Takes the bar away. */
  end(): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BAR_MS = 100;
const LINES_MS = 5_000;
const WIDTH = 24;

/**
 * On a terminal one line that is written over and over; otherwise, such as in a log, a line every five seconds.
 * @param lines where whole lines go, standard output usually; the bar is on `stream`.
 */
export function createProgress(
  stream: ProgressStream,
  lines: (text: string) => void,
  now: () => number = () => performance.now(),
): Progress {
  const terminal = stream.isTTY === true;
  let shownAt = now();
  let shown = false;
  const clear = (): void => {
    if (shown) stream.write('\r\u001b[K');
    shown = false;
  };
  return {
    update(text, share) {
      if (now() - shownAt < (terminal ? BAR_MS : LINES_MS)) return;
      shownAt = now();
      const percent = share === undefined ? '' : `${Math.floor(share * 100)} % `;
      if (!terminal) {
        stream.write(`${percent}${text}\n`);
        return;
      }
      const filled = Math.round((share ?? 0) * WIDTH);
      const bar = share === undefined ? '' : `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] `;
      // A line that wraps cannot be written over.
      stream.write(`\r\u001b[K${`${bar}${percent}${text}`.slice(0, (stream.columns ?? 80) - 1)}`);
      shown = true;
    },
    line(text) {
      clear();
      lines(text);
    },
    end: clear,
  };
}
