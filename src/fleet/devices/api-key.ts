import { randomBytes } from 'node:crypto';
import { generate } from '../../engine/secrets/generate.ts';
import { generatedScheme, hashGenerated } from '../../engine/secrets/generated-secret.ts';
import type { Actor } from '../../model/audit.ts';
import { BoundedMap } from '../../util/bounded-map.ts';

/**
 * What a key may do: look, change, or bring in new devices and nothing else, for a factory's line. None includes another.
 */
export const SCOPES = ['read', 'write', 'provision'] as const;

export type Scope = (typeof SCOPES)[number];

export interface ApiKeyEntry {
  readonly id: string;
  /** Unique; the audit trail names the key by it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Epoch milliseconds. */
  readonly createdTime: number;
  readonly expiresTime?: number | undefined;
  /** Within a minute. */
  readonly lastUsedTime?: number | undefined;
}

/**
 * A key as it is kept. The hash is a fast one: a key is 256 random bits, which nobody can try, so that a slow hash would
 * only slow down those who have it.
 */
export type StoredApiKey = ApiKeyEntry & { readonly hash: string };

export interface ApiKeyStore {
  find(id: string): Promise<StoredApiKey | undefined>;
  used(id: string, time: number): Promise<void>;
}

/** The id by which it is found, then the secret; the prefix is there for scanners that look for leaked keys. */
const KEY = /^thingpass_([0-9a-f]{16})_([A-Za-z0-9]{43})$/;

/** A new key, and the text that is shown to its owner once. */
export function makeApiKey(request: {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdTime: number;
  readonly expiresTime?: number | undefined;
}): { readonly key: StoredApiKey; readonly text: string } {
  const id = randomBytes(8).toString('hex');
  const secret = generate('api_key');
  return { key: { ...request, id, hash: hashGenerated(secret) }, text: `thingpass_${id}_${secret}` };
}

/** Shorter than the second within which a revoked key is refused everywhere, without relying on any news. */
const BELIEVED_MS = 500;
/** Ids that are asked for by guessing must not fill the memory. */
const KEPT = 1_000;
/** How exact "last used" is. */
const USED_EVERY_MS = 60_000;

interface Known {
  readonly key: Promise<StoredApiKey | undefined>;
  readonly loadedAt: number;
}

export type KeyCheck =
  | { readonly ok: true; readonly key: ApiKeyEntry; readonly actor: (origin: string) => Actor }
  | { readonly ok: false; readonly why: 'missing' | 'unknown' | 'expired' };

/**
 * Checks keys against the store, and believes what it found for half a second, so that a program which asks many questions
 * costs two look-ups a second and a revoked key ends within one.
 */
export class ApiKeys {
  readonly #store: () => Promise<ApiKeyStore>;
  readonly #now: () => number;
  readonly #known = new BoundedMap<string, Known>(KEPT);
  readonly #usedAt = new Map<string, number>();

  constructor(store: () => Promise<ApiKeyStore>, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** @throws when the store cannot be asked. */
  async check(text: string | undefined): Promise<KeyCheck> {
    if (text === undefined) return { ok: false, why: 'missing' };
    const [, id = '', secret = ''] = KEY.exec(text) ?? [];
    if (id === '') return { ok: false, why: 'unknown' };
    const key = await this.#find(id);
    if (key === undefined || !(await generatedScheme.verify(key.hash, secret)))
      return { ok: false, why: 'unknown' };
    if (key.expiresTime !== undefined && key.expiresTime <= this.#now()) return { ok: false, why: 'expired' };
    this.#noteUse(key);
    return { ok: true, key, actor: (origin) => ({ name: `api-key:${key.name}`, origin }) };
  }

  #find(id: string): Promise<StoredApiKey | undefined> {
    const now = this.#now();
    const known = this.#known.get(id);
    if (known !== undefined && now - known.loadedAt < BELIEVED_MS) return known.key;
    const key = this.#store().then((store) => store.find(id));
    this.#known.set(id, { key, loadedAt: now });
    key.catch(() => this.#known.delete(id));
    return key;
  }

  /** The answer does not wait for it, and does not fail with it. */
  #noteUse({ id, lastUsedTime = 0 }: ApiKeyEntry): void {
    const now = this.#now();
    if (now - Math.max(lastUsedTime, this.#usedAt.get(id) ?? 0) < USED_EVERY_MS) return;
    this.#usedAt.set(id, now);
    this.#store()
      .then((store) => store.used(id, now))
      .catch(() => undefined);
  }
}
