import { problemOfText } from './device-fields.ts';
import { DEFAULT_EMQX_ALGORITHM, type EmqxAlgorithm, readEmqxSecret } from './emqx-algorithm.ts';
import { type ImportedDevice, type ImportedSecret, type LineProblem, lineProblem } from './import-item.ts';
import { readJsonArray } from './json-array.ts';
import { type Chunks, readLines } from './text.ts';

/**
 * The files from which EMQX's built-in database imports and bootstraps (`emqx_authn_mnesia`): `user_id`,
 * `is_superuser`, and either `password_hash` with `salt` or `password`. The user ids must be user names
 * (`user_id_type = username`): ThingsBoard's credentials cannot express "this client id with this password and any
 * user name".
 */
export interface EmqxUsersOptions {
  readonly algorithm?: EmqxAlgorithm;
}

type DeviceItem = ImportedDevice | LineProblem;
type User = ReadonlyMap<string, unknown>;

const KNOWN = ['user_id', 'password_hash', 'salt', 'password', 'is_superuser', 'namespace'];

/**
 * Reads EMQX's CSV, which is not RFC 4180: EMQX splits at every comma, trims the fields and does not know quotes,
 * so quotes belong to a password. This reader does the same.
 */
export async function* readEmqxUsersCsv(
  chunks: Chunks,
  options: EmqxUsersOptions = {},
): AsyncGenerator<DeviceItem> {
  let columns: readonly string[] | undefined;
  for await (const item of readLines(chunks)) {
    if (item.kind === 'problem') {
      yield item;
      if (columns === undefined) return;
      continue;
    }
    const { line, text } = item;
    if (text.trim() === '') continue;
    const fields = text.split(',').map((field) => field.trim());
    if (columns === undefined) {
      const unknown = fields.find((field) => !KNOWN.includes(field));
      if (unknown !== undefined || new Set(fields).size < fields.length) {
        yield lineProblem(
          line,
          `the first line may only contain the columns ${KNOWN.join(', ')}, each at most once`,
        );
        return;
      }
      columns = fields;
    } else if (fields.length !== columns.length) {
      yield lineProblem(line, `${fields.length} fields, but the header has ${columns.length}`);
    } else {
      const entries = columns.map((column, at) => [column, fields[at]] as const);
      yield readUser(line, new Map(entries.filter(([, value]) => value !== '')), options);
    }
  }
}

/** Reads the same users from a JSON array of objects. */
export async function* readEmqxUsersJson(
  chunks: Chunks,
  options: EmqxUsersOptions = {},
): AsyncGenerator<DeviceItem> {
  for await (const item of readJsonArray(chunks)) {
    yield item.kind === 'problem'
      ? item
      : readUser(item.line, new Map(Object.entries(item.value as object)), options);
  }
}

function readUser(
  line: number,
  user: User,
  { algorithm = DEFAULT_EMQX_ALGORITHM }: EmqxUsersOptions,
): DeviceItem {
  const userName = user.get('user_id');
  if (typeof userName !== 'string' || userName === '') return lineProblem(line, 'no user_id');
  // The user name is also the device's name.
  const wrong = problemOfText('name', userName);
  if (wrong !== undefined) return lineProblem(line, wrong.replace('name', 'user_id'));
  const secret = readSecret(user, algorithm);
  if (typeof secret === 'string') return lineProblem(line, secret);
  const unusable = secret.kind === 'password' ? problemOfText('password', secret.password) : undefined;
  if (unusable !== undefined) return lineProblem(line, unusable);
  const warnings: string[] = [];
  if ([true, 'true'].includes(user.get('is_superuser') as boolean | string)) {
    warnings.push('is_superuser is ignored: ThingPass grants no superuser rights');
  }
  if ((user.get('namespace') ?? '') !== '') warnings.push('namespace is ignored');
  const credentials = { type: 'MQTT_BASIC', userName, secret } as const;
  return { kind: 'device', line, deviceName: userName, credentials, warnings };
}

function readSecret(user: User, algorithm: EmqxAlgorithm): ImportedSecret | string {
  const hash = user.get('password_hash');
  if (typeof hash === 'string') {
    const salt = user.get('salt') ?? '';
    return typeof salt === 'string' ? readEmqxSecret(algorithm, hash, salt) : 'salt must be a string';
  }
  const password = user.get('password');
  if (typeof password !== 'string' || password === '') return 'neither password_hash nor password';
  return { kind: 'password', password };
}
