import type { DeviceFileOptions } from './device-fields.ts';
import { readDevicesCsv, readDevicesJsonLines } from './device-files.ts';
import { type EmqxUsersOptions, readEmqxUsersCsv, readEmqxUsersJson } from './emqx-users.ts';
import type { ImportItem } from './import-item.ts';
import { type MosquittoAclOptions, readMosquittoAcl } from './mosquitto-acl.ts';
import { type MosquittoPasswordsOptions, readMosquittoPasswords } from './mosquitto-passwords.ts';
import type { Chunks } from './text.ts';

/** Everything that some format cannot tell of itself. */
export type ImportOptions = DeviceFileOptions &
  EmqxUsersOptions &
  MosquittoPasswordsOptions &
  MosquittoAclOptions;

const READERS = {
  csv: readDevicesCsv,
  jsonl: readDevicesJsonLines,
  'emqx-csv': readEmqxUsersCsv,
  'emqx-json': readEmqxUsersJson,
  'mosquitto-passwords': readMosquittoPasswords,
  'mosquitto-acl': readMosquittoAcl,
} as const satisfies Record<string, (chunks: Chunks, options: ImportOptions) => AsyncGenerator<ImportItem>>;

export type ImportFormat = keyof typeof READERS;

export const IMPORT_FORMATS = Object.keys(READERS) as readonly ImportFormat[];

/**
 * What a file says, record by record, with its bad lines in their places. Nothing is written anywhere, and no more than
 * one record and one chunk are in memory.
 */
export function readImport(
  format: ImportFormat,
  chunks: Chunks,
  options: ImportOptions = {},
): AsyncGenerator<ImportItem> {
  return READERS[format](chunks, options);
}
