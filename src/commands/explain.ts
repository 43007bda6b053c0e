import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ThingPassError } from '../model/errors.ts';
import type { PeerCertificate } from '../model/peer-certificate.ts';
import { BROKER_NAMES, type BrokerName } from '../model/question.ts';
import type { Asked, Explanation } from '../server/management/explanation.ts';
import { withExplainer } from '../tools/explain/open.ts';
import { example, loadConfig, print } from './shared/command.ts';
import { askRunningServer } from './shared/running-server.ts';

interface Options {
  readonly broker?: BrokerName;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly certificate?: string;
  readonly verification?: PeerCertificate['verification'];
  readonly listener?: string;
  readonly address?: string;
  readonly topic?: string;
  readonly publish?: boolean;
  readonly subscribe?: boolean;
  readonly request?: string;
  readonly peer?: string;
  readonly url?: string;
}

/** `thingpass explain`. */
export function addExplain(program: Command): void {
  example(
    program
      .command('explain')
      .description('say what would be decided and why, changing nothing')
      .addOption(new Option('--broker <name>', 'the broker that asks').choices(BROKER_NAMES))
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
      .option('--address <address>', 'the client’s address, as the broker gives it')
      .option('--topic <topic>', 'ask about a topic instead of a CONNECT')
      .option('--publish', 'to publish to it')
      .option('--subscribe', 'to subscribe to it')
      .option(
        '--request <file>',
        'the HTTP request that the broker sent, head and body, instead of all these',
      )
      .option('--peer <address>', 'where that request came from, for certificates in a proxy’s headers')
      .option(
        '--url <url>',
        'a running server to ask, which also knows who is blocked; without it the database is',
      )
      .action(run),
    'thingpass explain --broker emqx --client-id meter-7 --username meter --password secret',
    'thingpass explain --broker emqx --username A1_TEST_TOKEN --topic v1/devices/me/telemetry --publish',
  );
}

async function run(options: Options, command: Command): Promise<void> {
  const asked = options.request === undefined ? neutral(options) : raw(options.request, options.peer);
  print(command, await answer(asked, options), readable);
}

async function answer(asked: Asked, { url }: Options): Promise<Explanation> {
  if (url !== undefined) return askRunningServer<Explanation>(url, 'POST', '/explain', toBody(asked));
  return withExplainer(loadConfig(), (explainer) => explainer.explain(asked));
}

function neutral(options: Options): Asked {
  const { broker, clientId, username, password, listener, address, verification, topic } = options;
  if (broker === undefined) throw new ThingPassError('command_failed', '--broker or --request is needed');
  if (topic !== undefined && options.publish === options.subscribe)
    throw new ThingPassError('command_failed', '--topic needs one of --publish and --subscribe');
  const certificate =
    options.certificate === undefined ? undefined : readFile(options.certificate).toString('latin1');
  const action = topic === undefined ? undefined : options.publish ? 'publish' : 'subscribe';
  const client = { broker, clientId, username, password, listener, address, certificate, verification };
  return { question: { ...client, topic, action } };
}

/** As the API takes it. */
function toBody(asked: Asked): object {
  if ('question' in asked) return asked;
  const { headers, body, ...request } = asked.request;
  const names = [...new Set(headers.map(([name]) => name.toLowerCase()))];
  const valuesOf = (name: string) =>
    headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  return {
    request: {
      ...request,
      headers: Object.fromEntries(names.map((name) => [name, valuesOf(name)])),
      bodyBase64: body.toString('base64'),
    },
  };
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ThingPassError(
      'command_failed',
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

/** A request as it stood on the wire: request line, headers, an empty line, the body. */
function raw(file: string, peer: string | undefined): Asked {
  const bytes = readFile(file);
  const end = bytes.indexOf('\r\n\r\n');
  const [line = '', ...lines] = bytes.toString('latin1', 0, end === -1 ? bytes.length : end).split('\r\n');
  const [method, path] = line.split(' ');
  if (end === -1 || method === undefined || path === undefined) {
    throw new ThingPassError('command_failed', `${file} is not an HTTP request with CRLF line ends`);
  }
  const headers = lines.map((header): [string, string] => {
    const colon = header.indexOf(':');
    return [header.slice(0, Math.max(colon, 0)), header.slice(colon + 1).trim()];
  });
  if (headers.some(([name]) => name.toLowerCase() === 'transfer-encoding'))
    throw new ThingPassError('command_failed', `${file} has a transfer coding: write the body as it is`);
  return { request: { method, path, headers, body: bytes.subarray(end + 4), peer } };
}

function readable(shown: Explanation): string {
  const lines: string[] = [
    `${shown.outcome}${shown.reason === undefined ? '' : `: ${shown.reason}, ${shown.sentence}`}`,
  ];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) lines.push(`${name.padEnd(12)} ${value}`);
  };
  const { blocked, unblocked } = shown;
  add('blocked', blocked && `by ${blocked.by} ${blocked.value}, until ${blocked.until}`);
  add('else', unblocked && [unblocked.outcome, unblocked.reason].filter((part) => part).join(': '));
  add('device', shown.device && `${shown.device.name} (${shown.device.id}), a ${shown.role}`);
  const { certificate } = shown.understood ?? {};
  add(
    'certificate',
    certificate && [certificate.form, certificate.verification].filter((part) => part).join(', '),
  );
  for (const { step, detail } of shown.steps) add('step', `${step}: ${detail}`);
  for (const { id, found } of shown.lookups) add('looked for', `${id}: ${found ?? 'not there'}`);
  add('client sees', shown.connack);
  add('answer', shown.answer && `HTTP ${shown.answer.status} ${shown.answer.body ?? ''}`.trim());
  add('try', shown.suggestion);
  return lines.join('\n');
}
