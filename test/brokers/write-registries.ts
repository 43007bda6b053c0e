/**
 * Writes what follows from the list of brokers alone: the registries that import each broker's parts, and `.env.example`.
 * `npm run registries` does; a test holds the files equal to it.
 *
 * It imports none of the parts, so that it runs while they are missing: then the compiler says which.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { envExample } from '../../src/config/settings.ts';
import { BROKER_NAMES, BROKER_PRODUCTS } from '../../src/model/question.ts';

/** Kinds of parts: a file for each broker, which exports one value under the broker's name. */
interface Registry {
  readonly brokers: readonly string[];
  /** Type of each part, of the names, and of the registry's own constant. */
  readonly part: string;
  readonly names: 'BrokerName' | 'BrokerProduct';
  readonly constant: string;
  readonly meaning: string;
  /** Of the part, and of the types, seen from the registry. */
  readonly fileOf: (folder: string) => string;
  readonly typeFile: string;
  readonly modelFolder: string;
  readonly also?: string;
}

const REGISTRIES: Readonly<Record<string, Registry>> = {
  'src/brokers/registry.ts': {
    brokers: BROKER_NAMES,
    part: 'Dialect',
    names: 'BrokerName',
    constant: 'DIALECT_OF',
    meaning: 'Each broker’s dialect.',
    fileOf: (folder) => `./${folder}/dialect.ts`,
    typeFile: './dialect.ts',
    modelFolder: '../model',
    also: `
/** Every dialect there is. */
export const DIALECTS: readonly Dialect[] = Object.values(DIALECT_OF);
`,
  },
  'src/tools/broker-simulator/brokers.ts': {
    brokers: BROKER_PRODUCTS,
    part: 'SimulatedBroker',
    names: 'BrokerProduct',
    constant: 'SIMULATED_BROKERS',
    meaning: 'Each broker’s requests, as `thingpass doctor --as` and the tests make them.',
    fileOf: (folder) => `./${folder}.ts`,
    typeFile: './simulated-broker.ts',
    modelFolder: '../../model',
  },
  'src/tools/product-config/brokers.ts': {
    brokers: BROKER_PRODUCTS,
    part: 'Product',
    names: 'BrokerProduct',
    constant: 'BROKER_CONFIGS',
    meaning: 'Each broker’s configuration, as `thingpass broker-config` prints it.',
    fileOf: (folder) => `./${folder}/write.ts`,
    typeFile: './options.ts',
    modelFolder: '../../model',
  },
};

/** The folder or file of a broker: `forward-auth` for `forward_auth`. */
export function brokerFolder(broker: string): string {
  return broker.replaceAll('_', '-');
}

/** What a broker's parts are called in code: `forwardAuth` for `forward_auth`. */
function identifierOf(broker: string): string {
  return broker.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function textOf(registry: Registry): string {
  const { brokers, part, names, constant, meaning, fileOf, typeFile, modelFolder, also = '' } = registry;
  const imports = [
    ...brokers.map((broker) => [fileOf(brokerFolder(broker)), identifierOf(broker)] as const),
    [typeFile, `type ${part}`] as const,
  ]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([file, name]) =>
      name.startsWith('type ')
        ? `import type { ${name.slice('type '.length)} } from '${file}';`
        : `import { ${name} } from '${file}';`,
    );
  const members = brokers.map((broker) => {
    const identifier = identifierOf(broker);
    return `  ${identifier === broker ? broker : `${broker}: ${identifier}`},`;
  });
  return `// Written by \`npm run registries\` from the list of brokers in src/model/question.ts.
import type { ${names} } from '${modelFolder}/question.ts';
${imports.join('\n')}

/** ${meaning} */
export const ${constant}: Readonly<Record<${names}, ${part}>> = {
${members.join('\n')}
};
${also}`;
}

/** The files and their texts, by path below the project's folder. */
export function registryFiles(): ReadonlyMap<string, string> {
  const registries = Object.entries(REGISTRIES).map(([file, registry]) => [file, textOf(registry)] as const);
  return new Map([...registries, ['.env.example', envExample()]]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of registryFiles()) writeFileSync(new URL(`../../${file}`, import.meta.url), text);
}
