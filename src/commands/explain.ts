import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Dialect, Question, WebhookRequest } from '../brokers/dialect.ts';
import { ignoredCertificate } from '../brokers/ignored-certificates.ts';
import { DIALECTS } from '../brokers/registry.ts';
import { decodePem } from '../certificates/decode.ts';
import {
  NO_CERTIFICATE,
  type PeerCertificate,
  type PresentedCertificate,
} from '../certificates/peer-certificate.ts';
import type { DeciderSettings } from '../decider.ts';
import { type Asked, type Explanation, explain } from '../explain/explain.ts';
import { settingsOf, withExplaining } from '../explain/open.ts';
import { BROKER_NAMES, type BrokerName } from '../question.ts';
import { CommandFailed, example, loadConfig, print } from './command.ts';

interface Options {
  readonly broker: BrokerName;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly certificate?: string;
  readonly verification?: PeerCertificate['verification'];
  readonly listener?: string;
  readonly topic?: string;
  readonly publish?: boolean;
  readonly subscribe?: boolean;
  readonly request?: string;
}

/** `thingpass explain`. */
export function addExplain(program: Command): void {
  example(
    program
      .command('explain')
      .description('say what would be decided and why, changing nothing')
      .addOption(
        new Option('--broker <name>', 'the broker that asks').choices(BROKER_NAMES).makeOptionMandatory(),
      )
      .option('--client-id <id>', 'the client id', '')
      .option('--username <name>', 'the user name, or an access token')
      .option('--password <password>', 'the password')
      .option('--certificate <file>', 'the client’s certificate and its chain, PEM')
      .addOption(
        new Option(
          '--verification <word>',
          'what the TLS endpoint says of the certificate; by default what its form can say at best',
        ).choices(['verified', 'failed', 'not_checked']),
      )
      .option('--listener <name>', 'the broker’s listener')
      .option('--topic <topic>', 'ask about a topic instead of a CONNECT')
      .option('--publish', 'to publish to it')
      .option('--subscribe', 'to subscribe to it')
      .option(
        '--request <file>',
        'the HTTP request that the broker sent, head and body, instead of all these',
      )
      .action(run),
    'thingpass explain --broker emqx --client-id meter-7 --username meter --password secret',
    'thingpass explain --broker emqx --username A1_TEST_TOKEN --topic v1/devices/me/telemetry --publish',
  );
}

async function run(options: Options, command: Command): Promise<void> {
  const config = loadConfig();
  const dialect = DIALECTS.find(({ broker }) => broker === options.broker) as Dialect;
  const settings = settingsOf(dialect, config);
  const asked = options.request === undefined ? neutral(options, settings) : raw(options.request);
  const explanation = await withExplaining(config, (parts) => explain(parts, dialect, settings, asked));
  print(command, explanation, readable);
}

function neutral(options: Options, settings: DeciderSettings): Asked {
  const { broker, clientId, username, password, listener, topic } = options;
  const { certificate, ignoredCertificates } = certificateOf(options, settings);
  const client = { broker, clientId, username, password, listener, certificate };
  if (topic === undefined) {
    return { question: { kind: 'connect', attempt: { ...client, ignoredCertificates } } };
  }
  if (options.publish === options.subscribe) {
    throw new CommandFailed('--topic needs one of --publish and --subscribe');
  }
  const action = options.publish ? 'publish' : 'subscribe';
  const question: Question = { kind: 'topic', accesses: [{ ...client, action, topic }] };
  return { question };
}

/** A certificate comes in the first form that is switched on for the broker; in none, it is not read. */
function certificateOf(
  { certificate: file, verification }: Options,
  { certificateForms }: DeciderSettings,
): { certificate: PresentedCertificate; ignoredCertificates?: readonly string[] } {
  if (file === undefined) return { certificate: NO_CERTIFICATE };
  const [der, ...chain] = decodePem(readText(file).toString('latin1'), 'lines');
  const [form] = certificateForms;
  if (form === undefined || der === undefined) {
    return {
      certificate: NO_CERTIFICATE,
      ignoredCertificates: [ignoredCertificate('--certificate', 'any form: none is switched on')],
    };
  }
  const said = verification ?? (SAYS_NOTHING.test(form) ? 'not_checked' : 'verified');
  return { certificate: { kind: 'certificate', form, der, chain, verification: said } };
}

/** Forms that never say whether the TLS endpoint verified (`certificates/forwarded-certificates.md` section 3). */
const SAYS_NOTHING = /^(emqx_|caddy|traefik|xfcc)/;

function readText(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandFailed(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** A request as it stood on the wire: request line, headers, an empty line, the body. */
function raw(file: string): Asked {
  const bytes = readText(file);
  const end = bytes.indexOf('\r\n\r\n');
  const [line = '', ...headers] = bytes.toString('latin1', 0, end === -1 ? bytes.length : end).split('\r\n');
  const [method, target] = line.split(' ');
  if (end === -1 || method === undefined || target === undefined) {
    throw new CommandFailed(`${file} is not an HTTP request with CRLF line ends`);
  }
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  const rawHeaders = headers.flatMap((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 1).trim()];
  });
  const named: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    named[(rawHeaders[at] as string).toLowerCase()] = rawHeaders[at + 1] as string;
  }
  const request: WebhookRequest = {
    method,
    query,
    headers: named,
    rawHeaders,
    body: bytes.subarray(end + 4),
  };
  return { request, path };
}

function readable(shown: Explanation): string {
  const lines: string[] = [
    `${shown.outcome}${shown.reason === undefined ? '' : `: ${shown.reason}, ${shown.sentence}`}`,
  ];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) lines.push(`${name.padEnd(12)} ${value}`);
  };
  add('device', shown.device && `${shown.device.name} (${shown.device.id}), a ${shown.role}`);
  add('certificate', shown.certificateForm);
  for (const { step, said } of shown.steps) add('step', `${step}: ${said}`);
  for (const { id, found } of shown.lookups) add('looked for', `${id}: ${found ?? 'not there'}`);
  add('client sees', shown.connack);
  add('answer', shown.answer && `HTTP ${shown.answer.status} ${shown.answer.body ?? ''}`.trim());
  add('try', shown.suggestion);
  return lines.join('\n');
}
