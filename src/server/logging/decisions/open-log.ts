import type { Logger } from 'pino';
import type { Config } from '../../../config/config.ts';
import { configInvalid } from '../../../model/errors.ts';
import type { ProcessGroup } from '../../process-group/group.ts';
import { createDecisionLog, type WrittenDecisionLog } from '../decision-log.ts';
import { createErrorLog } from '../error-log.ts';
import { createLog } from '../log.ts';
import { AppendFile } from './append-file.ts';

/** Levels at which allows are written as well. */
const VERBOSE: ReadonlySet<string> = new Set(['debug', 'trace']);

/**
 * The decision log of one process. It goes to the log, or to a separate file to which all processes of the server append; all
 * reopen it when the primary gets SIGHUP.
 * @throws {ThingPassError} `config_invalid` when the file cannot be opened.
 */
export function openDecisionLog(
  { decisionLog: config, logLevel }: Config,
  processes: ProcessGroup,
  log: Logger,
): WrittenDecisionLog {
  const { file: path } = config;
  if (path === undefined) return createDecisionLog(log, config);
  const file = open(path, log);
  // A separate file always holds at least the refusals.
  const level = VERBOSE.has(logLevel) ? logLevel : 'info';
  const writer = createLog(level, file);
  const decisions = processes.worker === undefined ? writer : writer.child({ worker: processes.worker });
  const written = createDecisionLog(log, { ...config, decisions });
  processes.handle('decision_log.reopen', () => file.reopen());
  const reopen = (): void => {
    file.reopen();
    if (processes.role === 'primary') processes.broadcast('decision_log.reopen', undefined);
  };
  process.on('SIGHUP', reopen);
  return {
    record: written.record,
    close() {
      process.off('SIGHUP', reopen);
      written.close();
      file.close();
    },
  };
}

function open(path: string, log: Logger): AppendFile {
  try {
    return new AppendFile(path, createErrorLog(log, 'the decision log cannot be written; lines are lost'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw configInvalid([`THINGPASS_DECISION_LOG_FILE: ${path} cannot be opened (${code})`]);
  }
}
