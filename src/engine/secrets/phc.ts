import { readBase64, writeBase64 } from './encodings.ts';

/**
 * A string of the form `$id$v=19$name=value,name=value$salt$hash`, the "PHC string format" of the Password Hashing
 * Competition: Base64 without padding, parameters in the order given, version and parameters optional.
 */
export interface PhcString {
  readonly id: string;
  readonly version: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const VERSION = /^v=([0-9]+)$/;
const PARAMETER = /^([a-z][a-z0-9-]{0,31})=([A-Za-z0-9/+.-]+)$/;

/** @returns the parts; `undefined` if the text is not such a string with a salt and a hash. */
export function readPhc(text: string): PhcString | undefined {
  const parts = text.split('$');
  if (parts.shift() !== '') return undefined;
  const id = parts.shift();
  if (id === undefined || id === '') return undefined;
  const version = VERSION.exec(parts[0] ?? '')?.[1];
  if (version !== undefined) parts.shift();
  const parameters = new Map<string, string>();
  if (parts.length === 3) {
    for (const part of (parts.shift() as string).split(',')) {
      const [, name, value] = PARAMETER.exec(part) ?? [];
      if (name === undefined || value === undefined || parameters.has(name)) return undefined;
      parameters.set(name, value);
    }
  }
  if (parts.length !== 2) return undefined;
  const salt = readBase64(parts[0] as string);
  const hash = readBase64(parts[1] as string);
  return salt && hash ? { id, version, parameters, salt, hash } : undefined;
}

/** @param head everything before the salt, such as `$scrypt$ln=15,r=8,p=3`. */
export function writePhc(head: string, salt: Uint8Array, hash: Uint8Array): string {
  return `${head}$${writeBase64(salt)}$${writeBase64(hash)}`;
}
