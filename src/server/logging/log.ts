import { type DestinationStream, type Logger, pino } from 'pino';
import { boundLine, describeError, LONGEST_LINE_BYTES } from './log-line.ts';

/**
 * The server's log: JSON lines on standard output. Requests are logged by route pattern only, since a path may hold a
 * broker's secret, and the members that could hold a credential are blanked wherever somebody passes them by mistake. Lines are
 * bounded, so that those of several processes do not run into each other.
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service: 'thingpass' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_MEMBERS.flatMap((member) => [member, `*.${member}`, `*.*.${member}`]),
      censor: '[redacted]',
    },
    hooks: { streamWrite: boundLine },
    serializers: {
      err: describeError,
      req: (request: { method?: string; routeOptions?: { url?: string } }) => ({
        method: request.method,
        route: request.routeOptions?.url,
      }),
    },
  };
  // Lines that wait for one another are written at once, and are bounded as one.
  return pino(options, destination ?? pino.destination({ dest: 1, maxWrite: LONGEST_LINE_BYTES }));
}

const SECRET_MEMBERS = [
  'password',
  'token',
  'secret',
  'authorization',
  'credentialsValue',
  'credentialsId',
  'body',
];
