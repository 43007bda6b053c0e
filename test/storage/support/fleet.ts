import { randomUUID } from 'node:crypto';
import type { EachDatabase } from './on-each-database.ts';

type Sql = EachDatabase['sql'];

interface Device {
  readonly id: string;
  readonly credentials: string;
  credentialsId: string;
  value: string | null;
  gateway: boolean;
  notAfter: number | undefined;
  secret: string | undefined;
}

/** What an id must lead to from now on. */
export interface Expectation {
  readonly what: string;
  readonly id: string;
  readonly expected: string;
  /** What a connect with it is told: the outcome and the reason, or the device, its role and until when. */
  readonly decided: string;
}

type Kind = 'create' | 'rename' | 'rotate' | 'remove' | 'gateway' | 'limit' | 'secret' | 'profile';
const ALL: readonly Kind[] = [
  'create',
  'rename',
  'rotate',
  'remove',
  'gateway',
  'limit',
  'secret',
  'profile',
];

/** The changes that make a difference to the answer to a connect. */
export const SEEN_FROM_OUTSIDE: readonly Kind[] = ['create', 'rename', 'remove', 'gateway', 'limit'];

const UNKNOWN = { expected: 'none', decided: 'deny credentials_unknown' } as const;

/**
 * Devices that change at random, written with SQL as any other program would. Each change says what it makes of which ids;
 * it has been committed when the promise resolves.
 */
export class Fleet {
  readonly #sql: Sql;
  readonly #profile = randomUUID();
  #transport = 'DEFAULT';
  /** Processes have asked for it before it exists, so that they know that it does not. */
  #nextId = `token-${randomUUID()}`;
  readonly #devices: Device[] = [];

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async begin(count: number): Promise<void> {
    await this.#sql(
      "INSERT INTO device_profile (id, created_time, name, transport_type) VALUES (?, 1, 'fleet', 'DEFAULT')",
      this.#profile,
    );
    for (let index = 0; index < count; index++) await this.#create();
  }

  /** The ids that there are, and what they lead to. */
  all(): Expectation[] {
    return [...this.#devices.map((device) => this.#expect('there', device)), this.#notYet()];
  }

  async change(among: readonly Kind[] = ALL): Promise<Expectation[]> {
    const device = this.#devices[Math.floor(Math.random() * this.#devices.length)] as Device;
    const make: Record<Kind, () => Promise<Expectation[]>> = {
      create: () => this.#create(),
      rename: () => this.#rename(device),
      rotate: () => this.#rotate(device),
      remove: () => this.#remove(device),
      gateway: () => this.#turnGateway(device),
      limit: () => this.#limit(device),
      secret: () => this.#giveSecret(device),
      profile: () => this.#changeProfile(),
    };
    return make[among[Math.floor(Math.random() * among.length)] as Kind]();
  }

  async #create(): Promise<Expectation[]> {
    const device: Device = {
      id: randomUUID(),
      credentials: randomUUID(),
      credentialsId: this.#takeNextId(),
      value: null,
      gateway: false,
      notAfter: undefined,
      secret: undefined,
    };
    await this.#sql(
      'INSERT INTO device (id, created_time, name, device_profile_id) VALUES (?, 1, ?, ?)',
      device.id,
      device.id,
      this.#profile,
    );
    await this.#sql(
      "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type, device_id) VALUES (?, 1, ?, 'ACCESS_TOKEN', ?)",
      device.credentials,
      device.credentialsId,
      device.id,
    );
    this.#devices.push(device);
    return [this.#expect('created', device), this.#notYet()];
  }

  async #rename(device: Device): Promise<Expectation[]> {
    const old = device.credentialsId;
    device.credentialsId = this.#takeNextId();
    await this.#sql(
      'UPDATE device_credentials SET credentials_id = ? WHERE id = ?',
      device.credentialsId,
      device.credentials,
    );
    return [{ what: 'renamed away', id: old, ...UNKNOWN }, this.#expect('renamed', device), this.#notYet()];
  }

  async #rotate(device: Device): Promise<Expectation[]> {
    device.value = randomUUID();
    await this.#sql(
      'UPDATE device_credentials SET credentials_value = ? WHERE id = ?',
      device.value,
      device.credentials,
    );
    return [this.#expect('rotated', device)];
  }

  async #remove(device: Device): Promise<Expectation[]> {
    await this.#sql('DELETE FROM device_credentials WHERE id = ?', device.credentials);
    await this.#sql('DELETE FROM device WHERE id = ?', device.id);
    this.#devices.splice(this.#devices.indexOf(device), 1);
    const made = this.#devices.length < 5 ? await this.#create() : [];
    return [{ what: 'revoked', id: device.credentialsId, ...UNKNOWN }, ...made];
  }

  async #turnGateway(device: Device): Promise<Expectation[]> {
    device.gateway = !device.gateway;
    await this.#sql(
      'UPDATE device SET additional_info = ? WHERE id = ?',
      JSON.stringify({ gateway: device.gateway }),
      device.id,
    );
    return [this.#expect('gateway', device)];
  }

  async #limit(device: Device): Promise<Expectation[]> {
    device.notAfter = 2_000_000_000_000 + Math.floor(Math.random() * 1e9);
    await this.#sql(
      'INSERT INTO credentials_window (device_credentials_id, not_after) VALUES (?, ?) ON CONFLICT (device_credentials_id) DO UPDATE SET not_after = excluded.not_after',
      device.credentials,
      device.notAfter,
    );
    return [this.#expect('limited', device)];
  }

  async #giveSecret(device: Device): Promise<Expectation[]> {
    const old = device.secret;
    device.secret = randomUUID();
    if (old === undefined) {
      await this.#sql(
        'INSERT INTO credentials_secret (id, device_credentials_id, created_time, hash) VALUES (?, ?, 1, ?)',
        randomUUID(),
        device.credentials,
        device.secret,
      );
    } else {
      await this.#sql('UPDATE credentials_secret SET hash = ? WHERE hash = ?', device.secret, old);
    }
    return [this.#expect('given a secret', device)];
  }

  async #changeProfile(): Promise<Expectation[]> {
    this.#transport = this.#transport === 'MQTT' ? 'DEFAULT' : 'MQTT';
    await this.#sql(
      'UPDATE device_profile SET transport_type = ? WHERE id = ?',
      this.#transport,
      this.#profile,
    );
    return this.#devices.slice(-3).map((device) => this.#expect('of a changed profile', device));
  }

  #takeNextId(): string {
    const taken = this.#nextId;
    this.#nextId = `token-${randomUUID()}`;
    return taken;
  }

  #notYet(): Expectation {
    return { what: 'not there yet', id: this.#nextId, ...UNKNOWN };
  }

  #expect(what: string, device: Device): Expectation {
    const { value, gateway, notAfter, secret } = device;
    const secrets = secret === undefined ? [] : [secret];
    const expected = JSON.stringify([device.id, value, gateway, this.#transport, notAfter, secrets]);
    const until = notAfter === undefined ? 'for ever' : new Date(notAfter).toISOString();
    const decided = `allow ${device.id} ${gateway ? 'gateway' : 'device'} ${until}`;
    return { what, id: device.credentialsId, expected, decided };
  }
}
