import type { DeviceFileOptions } from './device-fields.ts';
import { readDevicesCsv, readDevicesJsonLines } from './device-files.ts';
import { type EmqxUsersOptions, readEmqxUsersCsv, readEmqxUsersJson } from './emqx-users.ts';
import type { ImportItem } from './import-item.ts';
import { type MosquittoAclOptions, readMosquittoAcl } from './mosquitto-acl.ts';
import { type MosquittoPasswordsOptions, readMosquittoPasswords } from './mosquitto-passwords.ts';
import type { Chunks } from './text.ts';

/** The options that the formats' files do not contain. */
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
 * Reads a file record by record, with problems in place of unusable lines. Nothing is written, and memory holds no
 * more than one record and one chunk.
 */
export function readImport(
  format: ImportFormat,
  chunks: Chunks,
  options: ImportOptions = {},
): AsyncGenerator<ImportItem> {
  return READERS[format](chunks, options);
}
