import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Something that tests use and that Node.js and `npm ci` do not bring. */
interface Part {
  /** Debian's packages, named where it is missing. */
  readonly packages: string;
  /** What the tests do with it. */
  readonly use: string;
  isThere(): boolean;
}

/** Where Debian keeps PostgreSQL's programs, in a folder for each version. */
export const POSTGRESQL_BINARIES = '/usr/lib/postgresql';
/** Where Debian keeps Go's libraries. */
export const GO_LIBRARIES = '/usr/share/gocode';
const RABBITMQ_HOME = process.env.RMQ_HOME ?? '/usr/lib/rabbitmq';

// Debian's servers lie where the PATH of users does not lead.
process.env.PATH = [process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin'].join(delimiter);

const files = (...paths: readonly string[]): boolean => paths.every((path) => existsSync(path));
const programs = (...names: readonly string[]): boolean =>
  names.every((name) =>
    (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name))),
  );

const PARTS = {
  apache2: {
    packages: 'apache2',
    use: 'its printed configuration is tried',
    isThere: () => programs('apache2'),
  },
  go: {
    packages: 'golang-go golang-github-masterminds-sprig-dev golang-gopkg-yaml.v3-dev',
    use: 'the Helm chart is rendered',
    isThere: () =>
      programs('go') &&
      files(`${GO_LIBRARIES}/src/github.com/Masterminds/sprig`, `${GO_LIBRARIES}/src/gopkg.in/yaml.v3`),
  },
  haproxy: {
    packages: 'haproxy',
    use: 'its printed configuration is tried, and replicas stand behind it',
    isThere: () => programs('haproxy'),
  },
  mosquitto_passwd: {
    packages: 'mosquitto',
    use: 'its password files are imported',
    isThere: () => programs('mosquitto_passwd'),
  },
  nginx: {
    packages: 'nginx-light',
    use: 'its printed configuration is tried',
    isThere: () => programs('nginx'),
  },
  postgresql: {
    packages: 'postgresql',
    use: 'databases, and servers that are stopped and started',
    isThere: () => files(POSTGRESQL_BINARIES) && readdirSync(POSTGRESQL_BINARIES).length > 0,
  },
  promtool: {
    packages: 'prometheus',
    use: 'alerts and configuration of Prometheus are checked',
    isThere: () => programs('promtool'),
  },
  rabbitmq: {
    packages: 'rabbitmq-server',
    use: 'nodes that ask ThingPass',
    isThere: () => files(`${RABBITMQ_HOME}/bin/rabbitmq-server`) && programs('epmd', 'setsid'),
  },
  script: {
    packages: 'bsdutils',
    use: 'the command is run in a terminal',
    isThere: () => programs('script'),
  },
  'systemd-analyze': {
    packages: 'systemd',
    use: "systemd's unit is checked",
    isThere: () => programs('systemd-analyze'),
  },
} satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;

/** Programs, by Debian's package, without which many tests fail. */
const REQUIRED = { bash: 'bash', curl: 'curl', openssl: 'openssl' };

/** @returns why tests that need this part are skipped here, or `false` where it is there. For `{ skip }`. */
export function without(name: PartName): string | false {
  const part: Part = PARTS[name];
  return part.isThere() ? false : `${name} is missing (Debian: ${part.packages})`;
}

export interface Lack {
  readonly name: string;
  readonly packages: string;
  readonly use: string;
}

/** Every part that tests are skipped for want of, here. */
export function lacking(): Lack[] {
  return Object.entries<Part>(PARTS)
    .filter(([, part]) => !part.isThere())
    .map(([name, { packages, use }]) => ({ name, packages, use }));
}

/** Debian's packages of programs that tests cannot do without and that are missing here. */
export function requiredPackages(): string[] {
  return Object.entries(REQUIRED)
    .filter(([program]) => !programs(program))
    .map(([, name]) => name);
}
