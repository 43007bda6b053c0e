import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { type Command, Option } from 'commander';
import { ThingPassError } from '../model/errors.ts';
import { BROKER_PRODUCTS, type BrokerProduct } from '../model/question.ts';
import { SIMULATED_BROKERS } from '../tools/broker-simulator/brokers.ts';
import type { Checked, Finding } from '../tools/doctor/finding.ts';
import { example, exitCodes, loadConfig, print } from './shared/command.ts';
import { readBytes } from './shared/input.ts';
import { reachable } from './shared/running-server.ts';

interface Options {
  readonly brokerConfig?: string;
  readonly product?: string;
  readonly for?: string;
  readonly as?: BrokerProduct;
  readonly url?: string;
  readonly secret?: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  readonly publish?: string;
  readonly subscribe?: string;
}

/** `thingpass doctor`. */
export function addDoctor(program: Command): void {
  const doctor = example(
    program
      .command('doctor')
      .description('look for what stops people: settings, files, clock, database, certificates, topics')
      .option(
        '--broker-config <file>',
        'look at this configuration of a broker or proxy instead; - reads standard input',
      )
      .option('--product <name>', 'whose it is, where that cannot be told from the file')
      .addOption(
        new Option('--as <broker>', 'play this broker against the running service').choices([
          ...BROKER_PRODUCTS,
        ]),
      )
      .option('--url <url>', 'with --as: where ThingPass is; without it, as configured here')
      .option(
        '--secret <text>',
        'with --as: the broker’s secret; - reads it from standard input; without it, as configured here',
      )
      .option('--client-id <id>', 'with --as: the client’s id', 'thingpass-doctor')
      .option('--username <name>', 'with --as: the client’s user name, such as an access token')
      .option('--password <text>', 'with --as: the client’s password')
      .option('--publish <topic>', 'with --as: a topic that it publishes to')
      .option('--subscribe <filter>', 'with --as: a filter that it subscribes to')
      .option('--for <version>', 'version of the product, where defaults changed')
      .action(run),
    'thingpass doctor',
    'thingpass doctor --broker-config /etc/emqx/emqx.conf --for 6.2',
    'thingpass doctor --as emqx --username A1_TEST_TOKEN --publish v1/devices/me/telemetry',
  );
  exitCodes(doctor, '0 no problem (there may be advice), 1 problems, 2 the options cannot be used');
}

async function run(options: Options, command: Command): Promise<void> {
  if (options.as !== undefined) await play(options.as, options, command);
  else if (options.brokerConfig === undefined) await examine(command);
  else await diagnoseFile(options.brokerConfig, options, command);
}

async function examine(command: Command): Promise<void> {
  const { examineInstallation } = await import('../tools/doctor/installation.ts');
  const environmentFile = existsSync('.env') ? '.env' : undefined;
  if (environmentFile !== undefined) loadEnvFile(environmentFile);
  const checks = await examineInstallation(process.env, environmentFile);
  print(command, { checks }, () => readableChecks(checks));
  if (hasProblems(checks.flatMap(({ findings }) => findings))) process.exitCode = 1;
}

async function diagnoseFile(
  file: string,
  { product, for: version }: Options,
  command: Command,
): Promise<void> {
  const { diagnose, READ_PRODUCTS } = await import('../tools/product-config/check/diagnose.ts');
  const text = readBytes(file)?.toString('utf8');
  if (text === undefined) return;
  const diagnosis = diagnose(text, product, version);
  if (diagnosis === undefined) {
    const unknown = product === undefined ? `of ${file}` : `\`${product}\``;
    throw new ThingPassError(
      'command_failed',
      `unknown product ${unknown}; use --product with one of ${READ_PRODUCTS.join(', ')}`,
    );
  }
  print(command, { file, ...diagnosis }, () =>
    [
      ...diagnosis.traps.map((trap) => readableFinding(trap, `${file}:${trap.line}`)),
      `${diagnosis.product}: ${summary(diagnosis.traps)}`,
    ].join('\n'),
  );
  if (hasProblems(diagnosis.traps)) process.exitCode = 1;
}

async function play(name: BrokerProduct, options: Options, command: Command): Promise<void> {
  const { playBroker } = await import('../tools/broker-simulator/run.ts');
  const broker = SIMULATED_BROKERS[name];
  const { publish, subscribe, clientId = '', username = '', password } = options;
  const topic = publish ?? subscribe;
  const conclusions = await reaching(() =>
    playBroker(broker, {
      url: options.url?.replace(/\/$/, '') ?? configuredUrl(),
      secret: secretFor(name, options.secret),
      client: { clientId, username, password },
      request:
        topic === undefined ? undefined : { action: publish === undefined ? 'subscribe' : 'publish', topic },
    }),
  );
  print(command, { broker: name, conclusions }, () =>
    conclusions
      .map(({ question, status, concludes, problem }) => {
        const seen = status === undefined ? concludes : `HTTP ${status}, ${concludes}`;
        const line = `${problem === undefined ? 'ok     ' : 'problem'}  ${question}: ${seen}`;
        return problem === undefined ? line : `${line}\n         → ${problem}`;
      })
      .join('\n'),
  );
  if (conclusions.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
}

function configuredUrl(): string {
  const { host, port } = loadConfig();
  return `http://${reachable(host)}:${port}`;
}

function secretFor(broker: BrokerProduct, given: string | undefined): string | undefined {
  if (given === '-') return readBytes('-')?.toString('utf8').trim();
  return given ?? loadConfig().brokers[broker].secrets[0];
}

async function reaching<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof TypeError) && (error as Error).name !== 'TimeoutError') throw error;
    const { message, cause } = error as Error & { cause?: Error };
    throw new ThingPassError('command_failed', `ThingPass does not answer: ${cause?.message || message}`);
  }
}

/** Whether anything does not work or is open; advice alone is no reason to stop a deployment. */
function hasProblems(findings: readonly Pick<Finding, 'level'>[]): boolean {
  return findings.some(({ level }) => level === 'problem');
}

/** The findings as text, check by check. */
function readableChecks(checks: readonly Checked[]): string {
  const lines = checks.flatMap(({ check, looked, findings }) =>
    findings.length === 0
      ? [`ok       ${check}: ${looked}`]
      : findings.map((finding) => `${readableFinding(finding, check)}`),
  );
  return [...lines, '', summary(checks.flatMap(({ findings }) => findings))].join('\n');
}

/** One finding and, below it, what to do. */
function readableFinding({ level, detail, mend }: Finding, where: string): string {
  return `${level.padEnd(7)}  ${where}: ${detail}\n         → ${mend}`;
}

function summary(findings: readonly Pick<Finding, 'level'>[]): string {
  const count = (level: Finding['level']): number => findings.filter((one) => one.level === level).length;
  const problems = count('problem');
  return `${problems === 0 ? 'no' : problems} problem${problems === 1 ? '' : 's'}, ${count('advice')} advice`;
}
