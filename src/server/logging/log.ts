import { type DestinationStream, type Logger, pino } from 'pino';
import { boundLine, describeError, LONGEST_LINE_BYTES } from './log-line.ts';

/**
 * The server's log: JSON lines on standard output. A request is logged by its route pattern, since its path may hold a broker's
 * secret. Members that could hold a credential are blanked, in case one is passed by mistake. Lines are bounded, so that the
 * lines of several processes do not mix.
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
  // pino writes waiting lines together, so the bound applies to all of them.
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
