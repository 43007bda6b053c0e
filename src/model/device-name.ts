/** Characters (UTF-16 units) of a name, as ThingsBoard's column `device.name` holds them. */
export const LONGEST_NAME = 255;

/**
 * Whether a text can be the name of a device or of a profile: not blank, 255 characters at most, valid Unicode without control
 * characters. ThingsBoard refuses blank names too (`DeviceDataValidator`); the rest is stricter, since names are in logs, topics
 * and headers.
 */
export function isDeviceName(name: string): boolean {
  return name.trim() !== '' && name.length <= LONGEST_NAME && !/\p{Cc}|\p{Cs}/u.test(name);
}
