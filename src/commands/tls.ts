import { createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Command } from 'commander';
import { guessForm } from '../engine/certificates/examine/guess-form.ts';
import { opensslCertificate } from '../engine/certificates/x509/inspect.ts';
import { isThingPassError } from '../model/errors.ts';
import { checkTls } from '../tools/tls-check/check-tls.ts';
import { formatReport } from '../tools/tls-check/format-report.ts';
import { parseTarget } from '../tools/tls-check/target.ts';
import { example, exitCodes, print } from './shared/command.ts';
import { readBytes, unusable } from './shared/input.ts';

interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly wss?: string | true;
  readonly servername?: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  readonly timeout: string;
}

/** `thingpass tls …`. */
export function addTls(program: Command): void {
  const tls = program.command('tls').description('look at TLS as an MQTT client sees it');
  const checking = example(
    tls
      .command('check')
      .argument('<host:port>', 'the broker’s TLS port; mqtts://host and wss://host/path are taken too')
      .description('connect as an MQTT client would, and say which side refused and why')
      .option('--ca <file>', 'PEM file of the authorities to trust, instead of the public ones')
      .option('--cert <file>', 'PEM file of the client’s certificate, intermediates behind it')
      .option('--key <file>', 'PEM file of the client’s key')
      .option('--wss [path]', 'over a WebSocket; the path is /mqtt when not given')
      .option(
        '--servername <name>',
        'name that the server’s certificate must be for, when it is not the host',
      )
      .option(
        '--client-id <id>',
        'client id; made when not given, as a session with the same id would be ended',
      )
      .option('--username <name>', 'user name, such as an access token')
      .option('--password <password>', 'password; - reads it from standard input')
      .option('--timeout <seconds>', 'seconds that each step may take', '5')
      .action(check),
    'thingpass tls check broker.example.com:8883 --ca ca.pem --cert meter.pem --key meter.key',
    'thingpass tls check broker.example.com:443 --wss /mqtt --username A1_TEST_TOKEN',
  );
  exitCodes(checking, '0 connected, 1 refused or not reached, 2 the options cannot be used');
}

async function check(text: string, options: TlsOptions, command: Command): Promise<void> {
  const target = parseTarget(text);
  if (target === undefined) return unusable('a target is host:port, such as broker.example.com:8883');
  const stepMs = Number(options.timeout) * 1_000;
  if (!(stepMs >= 100 && stepMs <= 60_000)) return unusable('--timeout takes seconds, up to 60');
  const client = readClient(options);
  if (client === undefined) return;
  const { username, password, servername, clientId, wss } = options;
  const report = await checkTls({
    target,
    servername,
    ...client,
    path: wss === true ? '/mqtt' : (wss ?? target.path),
    clientId: clientId ?? `thingpass-check-${process.pid}`,
    username,
    password:
      password === '-'
        ? readBytes('-')
            ?.toString('utf8')
            .replace(/\r?\n$/, '')
        : password,
    stepMs,
  });
  print(command, report, formatReport);
  if (report.stage !== 'connected') process.exitCode = 1;
}

const KEY_MISMATCH = 'the key does not belong to the certificate';

/** The files, tried together before anything is sent anywhere; nothing, and said, when they cannot be used. */
function readClient({ ca, cert, key }: TlsOptions) {
  if ((cert === undefined) !== (key === undefined))
    return unusable('--cert and --key go together') as undefined;
  const read = (file: string | undefined): Buffer | undefined =>
    file === undefined ? undefined : readBytes(file);
  const client = { ca: read(ca), cert: read(cert), key: read(key) };
  if (process.exitCode === 2) return undefined;
  try {
    createSecureContext({
      ...(client.ca && { ca: client.ca }),
      ...(client.cert && { cert: client.cert }),
      ...(client.key && { key: client.key }),
    });
    const ownCertificates = client.cert === undefined ? [] : guessForm(client.cert).certificates;
    if (client.ca !== undefined) guessForm(client.ca);
    // OpenSSL itself keeps a key and a certificate of different types side by side, and then sends none.
    const [leaf] = ownCertificates;
    if (leaf !== undefined && !opensslCertificate(leaf).checkPrivateKey(createPrivateKey(client.key ?? ''))) {
      return unusable(KEY_MISMATCH) as undefined;
    }
    return { client, ownCertificates };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMismatch = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH';
    if (isMismatch) unusable(KEY_MISMATCH);
    else
      unusable(
        `--ca, --cert or --key is not PEM that can be used (${isThingPassError(error, 'certificate_unreadable') ? message : code})`,
      );
    return undefined;
  }
}
