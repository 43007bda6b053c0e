import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { SETTINGS } from '../../../config/settings.ts';
import { advice, type Check, type Examined, type Finding, problem } from '../finding.ts';

interface Kept {
  readonly what: string;
  readonly path: string;
  /** Whether others must not read it either. */
  readonly secret: boolean;
}

const OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o044;

/** Who else may read secrets and devices, or write what decides. */
export const checkFiles: Check = {
  name: 'files',
  looks: '.env, secret files, database and rules are there for the right users alone',
  needsConfig: false,
  run: (examined) => filesOf(examined).flatMap(look),
};

function filesOf({ environment, environmentFile, config }: Examined): Kept[] {
  const files: Kept[] = [];
  if (environmentFile !== undefined) files.push({ what: 'settings', path: environmentFile, secret: true });
  for (const { name, kind } of SETTINGS) {
    const path = kind === 'secret' ? environment[`${name}_FILE`] : undefined;
    if (path) files.push({ what: `${name}_FILE`, path, secret: true });
  }
  if (config?.database.kind === 'sqlite') {
    const { file } = config.database;
    files.push({ what: 'the database', path: file, secret: true });
    for (const end of ['-wal', '-shm'])
      files.push({ what: 'the database', path: `${file}${end}`, secret: true });
  }
  if (config?.rulesFile !== undefined)
    files.push({ what: 'THINGPASS_RULES_FILE', path: config.rulesFile, secret: false });
  return files;
}

/** A missing file is reported by the part that needs it. */
function look({ what, path, secret }: Kept): Finding[] {
  // Windows keeps rights elsewhere.
  if (process.platform === 'win32' || !existsSync(path)) return [];
  const { mode, uid } = statSync(path);
  const findings: Finding[] = [];
  if ((mode & OTHERS_WRITE) !== 0) {
    findings.push(
      problem(`${path} (${what}) can be changed by other users of this machine`, `chmod go-w ${path}`),
    );
  }
  if (secret && (mode & OTHERS_READ) !== 0) {
    const detail = `${path} (${what}) can be read by other users of this machine`;
    // Secrets that a container engine mounts belong to root, and nobody else is in there.
    const isOurs = uid === process.getuid?.();
    findings.push(
      isOurs ? problem(detail, `chmod go= ${path}`) : advice(detail, 'let its owner take that right away'),
    );
  }
  if (!isReadable(path)) {
    findings.push(
      problem(
        `${path} (${what}) cannot be read by the user who runs this`,
        'run it as the user of the service, or change the owner',
      ),
    );
  }
  return findings;
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
