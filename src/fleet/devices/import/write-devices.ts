import { DEVICE_FIELDS, type DeviceField } from './device-fields.ts';

/** A device with one of its credentials, in the fields that an import reads. */
export type ExportedDevice = { readonly name: string; readonly gateway: boolean } & {
  readonly [Field in Exclude<DeviceField, 'name' | 'gateway'>]?: string | undefined;
};

const WITHOUT_SECRETS: readonly DeviceField[] = ['name', 'profile', 'label', 'gateway'];

export const EXPORT_FORMATS = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/**
 * Writes a file that `import` can read, chunk by chunk.
 * @param secrets whether the devices contain secrets.
 */
export async function* writeDevices(
  format: ExportFormat,
  devices: AsyncIterable<ExportedDevice>,
  { secrets }: { readonly secrets: boolean },
): AsyncGenerator<string> {
  const fields = secrets ? DEVICE_FIELDS : WITHOUT_SECRETS;
  if (format === 'csv') yield `${fields.join(',')}\n`;
  for await (const device of devices) {
    yield format === 'csv'
      ? `${fields.map((field) => cell(device[field])).join(',')}\n`
      : `${JSON.stringify(device)}\n`;
  }
}

/** Quotes a cell (RFC 4180 section 2). */
function cell(value: string | boolean | undefined): string {
  const text = String(value ?? '');
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
