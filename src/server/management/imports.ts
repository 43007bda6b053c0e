import { randomUUID } from 'node:crypto';
import { setImmediate as others } from 'node:timers/promises';
import { createKeepPassword } from '../../engine/secrets/keep-password.ts';
import { type ChosenHash, createSecretSchemes } from '../../engine/secrets/secret-schemes.ts';
import type { ImportItem } from '../../fleet/devices/import/import-item.ts';
import { type Counts, isNoteworthy, type LineReport } from '../../fleet/devices/import/import-report.ts';
import { importQueue, type PasswordKind } from '../../fleet/devices/import/keep-secret.ts';
import { type ImportFormat, type ImportOptions, readImport } from '../../fleet/devices/import/read-import.ts';
import { runImport } from '../../fleet/devices/import/run-import.ts';
import type { Actor } from '../../model/audit.ts';
import { ThingPassError } from '../../model/errors.ts';
import type { ManagementStore } from '../../storage/repositories/management-store.ts';

export interface ImportRequest {
  readonly format: ImportFormat;
  readonly options: ImportOptions;
  readonly dryRun: boolean;
  readonly profile: string;
  readonly passwords: PasswordKind;
  readonly force: boolean;
}

export interface ImportResult {
  readonly importId: string;
  readonly counts: Counts;
  /** Of records worth a line, the first ones. */
  readonly lines: readonly LineReport[];
  readonly linesLeftOut: number;
  /** Where time was up: this record and those behind it were not looked at. */
  readonly nextLine: number | undefined;
}

/** How this installation keeps credentials, as `config.life` has it. */
export interface ImportSettings {
  readonly oneCredentialPerDevice: boolean;
  readonly passwords: { readonly chosen: ChosenHash; readonly scramIterations: number };
}

/** Those who wait for the answer, and proxies between, give up after some minutes. */
const LONGEST_MS = 60_000;
const MOST_LINES = 1_000;
/** Rules are compared with each other, which holds up everybody else. */
const MOST_RULES = 1_000;
/** What is looked at in one go, in bytes, and what is one transaction, in records: between two of them others are answered. */
const CHUNK = 16 * 1024;
const BATCH = 25;
/** Two thirds of the process's time stay for others. */
const REST = 2;

/** Imports of uploaded files inside the server, one at a time, each in small steps and with an end. */
export class Imports {
  readonly #settings: ImportSettings;
  readonly #longestMs: number;
  #running = false;

  constructor(settings: ImportSettings, longestMs: number = LONGEST_MS) {
    this.#settings = settings;
    this.#longestMs = longestMs;
  }

  /** @throws {ThingPassError} `import_running` while there is another; {ThingPassError} as `runImport`. */
  async run(
    body: Buffer,
    request: ImportRequest,
    store: ManagementStore,
    actor: Actor,
  ): Promise<ImportResult> {
    if (this.#running) throw new ThingPassError('import_running');
    this.#running = true;
    // A separate queue, so that logins do not wait for an import's passwords.
    const { oneCredentialPerDevice: oneCredential, passwords } = this.#settings;
    const { chosen, scramIterations } = passwords;
    const secrets = createSecretSchemes({ queue: importQueue(1), chosen });
    try {
      const importId = randomUUID();
      const lines: LineReport[] = [];
      let linesLeftOut = 0;
      let nextLine: number | undefined;
      const items = within(
        this.#longestMs,
        readImport(request.format, inChunks(body), request.options),
        (line) => {
          nextLine = line;
        },
      );
      const counts = await runImport(
        items,
        {
          store: store.imports(actor),
          rules: store.rules,
          schemes: secrets.schemes,
          keepPassword: createKeepPassword(secrets, scramIterations),
          report(line) {
            if (!isNoteworthy(line, request.dryRun)) return;
            if (lines.length < MOST_LINES) lines.push(line);
            else linesLeftOut++;
          },
        },
        {
          importId,
          actor,
          oneCredential,
          format: request.format,
          dryRun: request.dryRun,
          defaultProfile: request.profile,
          passwords: request.passwords,
          force: request.force,
          batchSize: BATCH,
          pauseFactor: REST,
          maxRules: MOST_RULES,
        },
      );
      lines.sort((one, other) => one.line - other.line);
      return { importId, counts, lines, linesLeftOut, nextLine };
    } finally {
      this.#running = false;
      await secrets.close();
    }
  }
}

/** The bytes piece by piece, with time for others between. */
async function* inChunks(body: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += CHUNK) {
    yield body.subarray(at, at + CHUNK);
    await others();
  }
}

/** The items that come in time. Rules all come: a denial that is missing would open what it closes. */
async function* within(
  ms: number,
  items: AsyncIterable<ImportItem>,
  onEnd: (line: number) => void,
): AsyncGenerator<ImportItem> {
  const until = performance.now() + ms;
  for await (const item of items) {
    if (item.kind !== 'rule' && performance.now() > until) {
      onEnd(item.line);
      return;
    }
    yield item;
  }
}
