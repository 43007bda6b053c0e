import { type CsvRecord, readCsvRecords } from './csv-records.ts';
import {
  DEVICE_FIELDS,
  type DeviceField,
  type DeviceFileOptions,
  deviceField,
  readDevice,
} from './device-fields.ts';
import { type ImportedDevice, type LineProblem, lineProblem } from './import-item.ts';
import { type Chunks, readLines } from './text.ts';

type DeviceItem = ImportedDevice | LineProblem;

/**
 * Reads devices from a CSV file (RFC 4180). The first record names the columns in any order: `name`, and optionally
 * `profile`, `label`, `gateway`, `accessToken`, `clientId`, `userName`, `password`, `passwordHash`, `certificate`,
 * `lwm2m`, `notBefore` and `notAfter`. An empty cell is an absent value.
 *
 * An unknown column ends the reading: a misspelt `pasword` must not create a fleet without passwords.
 */
export async function* readDevicesCsv(
  chunks: Chunks,
  options: DeviceFileOptions = {},
): AsyncGenerator<DeviceItem> {
  let columns: readonly DeviceField[] | undefined;
  for await (const record of readCsvRecords(chunks)) {
    if (columns === undefined) {
      const header = record.kind === 'record' ? readHeader(record) : record;
      if ('kind' in header) {
        yield header;
        return;
      }
      columns = header;
    } else if (record.kind === 'record') {
      yield readRow(record, columns, options);
    } else {
      yield record;
    }
  }
}

/** Reads devices from JSON Lines: one object per line, with the CSV columns as members. `lwm2m` may be an object. */
export async function* readDevicesJsonLines(
  chunks: Chunks,
  options: DeviceFileOptions = {},
): AsyncGenerator<DeviceItem> {
  for await (const item of readLines(chunks)) {
    if (item.kind === 'problem') yield item;
    else if (item.text.trim() !== '') yield readObject(item.line, item.text, options);
  }
}

function readHeader(record: CsvRecord): readonly DeviceField[] | LineProblem {
  const columns: DeviceField[] = [];
  for (const name of record.fields) {
    const field = deviceField(name);
    if (field === undefined) {
      return lineProblem(record.line, `unknown column "${name}"; use ${DEVICE_FIELDS.join(', ')}`);
    }
    if (columns.includes(field)) return lineProblem(record.line, `two columns for ${field}`);
    columns.push(field);
  }
  return columns.includes('name') ? columns : lineProblem(record.line, 'no column "name"');
}

function readRow(
  { line, fields }: CsvRecord,
  columns: readonly DeviceField[],
  options: DeviceFileOptions,
): DeviceItem {
  if (fields.length !== columns.length) {
    return lineProblem(line, `${fields.length} fields, but the header has ${columns.length}`);
  }
  const given = new Map<DeviceField, string>();
  for (const [at, field] of columns.entries()) {
    const value = fields[at] as string;
    if (value !== '') given.set(field, value);
  }
  return deviceOrProblem(line, given, options);
}

function readObject(line: number, json: string, options: DeviceFileOptions): DeviceItem {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's message quotes the text, which contains secrets.
    return lineProblem(line, 'not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return lineProblem(line, 'not a JSON object');
  const given = new Map<DeviceField, string>();
  for (const [name, member] of Object.entries(value)) {
    const field = deviceField(name);
    if (field === undefined) {
      return lineProblem(line, `unknown member "${name}"; use ${DEVICE_FIELDS.join(', ')}`);
    }
    if (given.has(field)) return lineProblem(line, `two members for ${field}`);
    if (member === null) continue;
    const text = readMember(field, member);
    if (text === undefined) return lineProblem(line, `${field} must be a string`);
    if (text === '') return lineProblem(line, `${field} is empty; omit it or use null`);
    given.set(field, text);
  }
  return deviceOrProblem(line, given, options);
}

/**
 * Accepts strings, and JSON booleans and times where they are meant. Other numbers are refused, because `007` and
 * `7` are different passwords.
 */
function readMember(field: DeviceField, member: unknown): string | undefined {
  if (typeof member === 'string') return member;
  if (field === 'gateway' && typeof member === 'boolean') return String(member);
  if ((field === 'notBefore' || field === 'notAfter') && Number.isSafeInteger(member)) return String(member);
  return field === 'lwm2m' && typeof member === 'object' ? JSON.stringify(member) : undefined;
}

function deviceOrProblem(
  line: number,
  fields: ReadonlyMap<DeviceField, string>,
  options: DeviceFileOptions,
): DeviceItem {
  const device = readDevice(line, fields, options);
  return typeof device === 'string' ? lineProblem(line, device) : device;
}
