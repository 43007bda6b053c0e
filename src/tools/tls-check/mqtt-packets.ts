/** CONNACK return codes of MQTT 3.1.1 (section 3.2.2.3), as ThingPass and ThingsBoard use them. */
const CONNACK_MEANINGS: readonly string[] = [
  'accepted',
  'the broker does not support MQTT 3.1.1',
  'the broker does not accept this client id',
  'the broker or its authentication service is not available',
  'the user name or password is wrong',
  'not authorized: the credentials are unknown or may not connect',
];

export function connackMeaning(code: number): string {
  return CONNACK_MEANINGS[code] ?? 'a code that MQTT 3.1.1 does not define';
}

export interface ConnectFields {
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** A CONNECT packet of MQTT 3.1.1 (section 3.1) with a clean session and a keep-alive of 30 seconds. */
export function connectPacket({ clientId, username, password }: ConnectFields): Buffer {
  const flags = 0x02 | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40);
  const body = Buffer.concat([
    field('MQTT'),
    Buffer.from([4, flags, 0, 30]),
    field(clientId),
    ...[username, password].flatMap((text) => (text === undefined ? [] : [field(text)])),
  ]);
  return Buffer.concat([Buffer.from([0x10]), remainingLength(body.length), body]);
}

export const DISCONNECT_PACKET = Buffer.from([0xe0, 0]);

function field(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 0xffff) throw new RangeError('an MQTT string has at most 65,535 bytes');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function remainingLength(length: number): Buffer {
  const octets: number[] = [];
  for (let rest = length; ; ) {
    const octet = rest % 128;
    rest = Math.floor(rest / 128);
    octets.push(rest > 0 ? octet | 0x80 : octet);
    if (rest === 0) return Buffer.from(octets);
  }
}

/** The code of a CONNACK; `undefined` if the bytes are not a CONNACK. */
export function readConnack(bytes: Buffer): number | undefined {
  return bytes.length >= 4 && bytes[0] === 0x20 && bytes[1] === 2 ? bytes[3] : undefined;
}
