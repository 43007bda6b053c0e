import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DIALECT_OF } from '../../src/brokers/registry.ts';
import { BROKER_NAMES, BROKER_PRODUCTS } from '../../src/model/question.ts';
import { BROKER_CONFIGS } from '../../src/tools/product-config/brokers.ts';
import { brokerFolder, registryFiles } from './write-registries.ts';

/*
 * What a broker needs beyond the parts that the compiler asks for. Each test says in a sentence what is missing and what to do.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const isThere = (path: string): boolean => existsSync(ROOT + path);

for (const [file, text] of registryFiles()) {
  test(`${file} follows from the list of brokers`, () => {
    assert.equal(readFileSync(ROOT + file, 'utf8'), text, 'run: npm run registries');
  });
}

for (const broker of BROKER_NAMES) {
  test(`${broker}: its dialect says its own name, and its paths are its own`, () => {
    const { broker: said, endpoints } = DIALECT_OF[broker];
    assert.equal(said, broker, `src/brokers/${brokerFolder(broker)}/dialect.ts must say broker: '${broker}'`);
    const others = Object.values(DIALECT_OF)
      .filter((dialect) => dialect.broker !== broker)
      .flatMap((dialect) => dialect.endpoints.map(({ path }) => path));
    for (const { path } of endpoints)
      assert.ok(
        !others.includes(path),
        `${path} belongs to another broker: give ${broker} a path below /${broker}`,
      );
  });
}

for (const broker of BROKER_PRODUCTS) {
  test(`${broker} has what the compiler does not ask for`, () => {
    const { name } = BROKER_CONFIGS[broker];
    assert.equal(name, broker, `src/tools/product-config/${broker}/write.ts must say name: '${broker}'`);
    const missing = [
      contractOf(broker) === undefined &&
        `write down what ${broker} sends, and what each answer makes it do, in src/brokers/${broker}/${broker}.md`,
      readdirSync(`${ROOT}deploy`).includes(broker)
        ? !isThere(`deploy/${broker}/README.md`) &&
          `say in deploy/${broker}/README.md how its files are used, and which trap each line avoids`
        : `run npm run deploy-files, which writes deploy/${broker}`,
      !isRecorded(broker) &&
        `record requests of a real ${broker} in test/golden/captures/${broker}, or say in its contract, in a line that begins with "No captures:", why there are none`,
    ].filter((sentence) => sentence !== false);
    assert.deepEqual(missing, []);
  });
}

/** The contract's text; EMQX 4 is a section of EMQX's. */
function contractOf(broker: string): string | undefined {
  const folder = broker === 'emqx4' ? 'emqx' : broker;
  const path = `src/brokers/${folder}/${folder}.md`;
  return isThere(path) ? readFileSync(ROOT + path, 'utf8') : undefined;
}

function isRecorded(broker: string): boolean {
  const recorded = readdirSync(`${ROOT}test/golden/captures`).some((folder) => folder.startsWith(broker));
  return recorded || /^No captures: \S/m.test(contractOf(broker) ?? '');
}
