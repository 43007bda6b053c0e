import { problemOfHash } from '../../../engine/secrets/formats.ts';
import { withTextSalt } from '../../../engine/secrets/pbkdf2.ts';
import { problemOfText } from './device-fields.ts';
import { type ImportedDevice, type LineProblem, lineProblem } from './import-item.ts';
import { type Chunks, readLines } from './text.ts';

export interface MosquittoPasswordsOptions {
  /**
   * mosquitto-go-auth's `hasher_salt_encoding`. With `utf-8`, which jpmens's `np` writes, the salt of a `PBKDF2$…`
   * hash is the text itself. The file does not contain the setting (`brokers/mosquitto/mosquitto.md` section 12).
   */
  readonly saltEncoding?: 'base64' | 'utf-8';
}

/**
 * Reads the users of a password file: `user:hash` per line, as `mosquitto_passwd` writes it and mosquitto-go-auth's
 * files backend reads it. Each user becomes a device of the same name with that user name.
 */
export async function* readMosquittoPasswords(
  chunks: Chunks,
  options: MosquittoPasswordsOptions = {},
): AsyncGenerator<ImportedDevice | LineProblem> {
  for await (const item of readLines(chunks)) {
    if (item.kind === 'problem') yield item;
    else if (item.text.trim() !== '' && !item.text.startsWith('#'))
      yield readUser(item.line, item.text, options);
  }
}

function readUser(
  line: number,
  text: string,
  { saltEncoding = 'base64' }: MosquittoPasswordsOptions,
): ImportedDevice | LineProblem {
  const colon = text.indexOf(':');
  if (colon < 0) return lineProblem(line, 'there is no colon; the line must have the form user:hash');
  const userName = text.slice(0, colon).trim();
  const written = text.slice(colon + 1).trim();
  if (userName === '') return lineProblem(line, 'no user name before the colon');
  const wrong = problemOfText('name', userName);
  if (wrong !== undefined) return lineProblem(line, wrong.replace('name', 'the user name'));
  if (written === '') return lineProblem(line, 'no password after the colon');
  const hash = saltEncoding === 'utf-8' ? withTextSalt(written) : written;
  const problem = problemOfHash(hash);
  if (problem !== undefined) {
    return lineProblem(
      line,
      `${problem}; if the file contains plain passwords, run mosquitto_passwd -U on it first`,
    );
  }
  const credentials = { type: 'MQTT_BASIC', userName, secret: { kind: 'hash', hash } } as const;
  return { kind: 'device', line, deviceName: userName, credentials, warnings: [] };
}
