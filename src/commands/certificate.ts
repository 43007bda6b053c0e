import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type CertificateReport, type Examination, examine } from '../engine/certificates/examine/examine.ts';
import type { Problem } from '../engine/certificates/examine/found-problem.ts';
import { isThingPassError } from '../model/errors.ts';
import type { CredentialsReader } from '../storage/reading/credentials-reader.ts';
import { properties } from '../util/table.ts';
import { example, exitCodes, loadConfig, print } from './shared/command.ts';
import { readBytes, unusable } from './shared/input.ts';

/** `thingpass certificate …`. */
export function addCertificate(program: Command): void {
  const certificate = program.command('certificate').description('look at client certificates');
  const inspecting = example(
    certificate
      .command('inspect')
      .argument('<file>', 'file in whatever form, or - for standard input')
      .description(
        'show what ThingPass sees in a certificate, chain or forwarded header, and what is wrong with it',
      )
      .addHelpText(
        'after',
        '\nForms: PEM, DER, Base64, percent-encoded, RFC 9440, X-Forwarded-Client-Cert, one certificate or a chain.',
      )
      .action(inspect),
    'thingpass certificate inspect meter-0003.pem',
    'kubectl get secret meter -o jsonpath="{.data.tls\\.crt}" | thingpass certificate inspect -',
  );
  exitCodes(inspecting, '0 nothing refuses it, 1 something would refuse it, 2 it cannot be read from there');
}

/** The device that a certificate belongs to, or why that is not known. */
type Owner =
  | { readonly device: { readonly id: string; readonly name: string; readonly profile: string } }
  | { readonly device: null; readonly note: string };

async function inspect(file: string, _options: object, command: Command): Promise<void> {
  const bytes = readBytes(file);
  if (bytes === undefined) return;
  let examination: Examination;
  try {
    examination = examine(bytes, Date.now());
  } catch (error) {
    if (!isThingPassError(error, 'certificate_unreadable')) throw error;
    // Nobody would let a client in with it, so this is what was asked, and not a failure to answer.
    unusable(
      `${file === '-' ? 'standard input' : file} holds no certificate that can be read: ${error.message}`,
      1,
    );
    return;
  }
  const owner = await findOwner(examination.certificates[0] as CertificateReport);
  print(command, { ...examination, owner }, () => readable(examination, owner));
  if (examination.refused) process.exitCode = 1;
}

/** Looks, and neither makes nor changes anything: there may be no database, or not yet, or one that does not answer. */
async function findOwner({ credentialsId }: CertificateReport): Promise<Owner> {
  const readers: CredentialsReader[] = [];
  try {
    readers.push(...(await openReaders()));
    if (readers.length === 0) return { device: null, note: 'there is no database here' };
    for (const reader of readers) {
      const record = (await reader.read([credentialsId])).get(credentialsId);
      if (record === undefined) continue;
      const { device } = record;
      if (device === undefined) return { device: null, note: 'credentials of a device that does not exist' };
      return { device: { id: device.id, name: device.name, profile: device.profileName } };
    }
    return { device: null, note: 'none has it as its credentials' };
  } catch (error) {
    // Without the text: a driver's may hold the password of its URL.
    const code = (error as { code?: unknown }).code;
    return {
      device: null,
      note: `the database cannot be asked${code === undefined ? '' : ` (${String(code)})`}`,
    };
  } finally {
    await Promise.all(readers.map((reader) => reader.close().catch(() => undefined)));
  }
}

const LONGEST_ANSWER_MS = 3_000;

/** ThingsBoard's before ours, as deciding has it. */
async function openReaders(): Promise<CredentialsReader[]> {
  const { database, thingsboard } = loadConfig();
  const readers: CredentialsReader[] = [];
  const options = { connections: 1, answerMs: LONGEST_ANSWER_MS };
  if (thingsboard !== undefined || database.kind === 'postgresql') {
    const { openPostgresqlReader } = await import('../storage/reading/postgresql-reader.ts');
    const { WITHOUT_OWN_TABLES } = await import('../storage/reading/credentials-rows.ts');
    if (thingsboard !== undefined) {
      const theirs = { ...options, joins: WITHOUT_OWN_TABLES, readOnly: true };
      readers.push(openPostgresqlReader(thingsboard.location, theirs));
    }
    if (database.kind === 'postgresql') readers.push(openPostgresqlReader(database, options));
  }
  if (database.kind === 'sqlite' && existsSync(database.file)) {
    const { openSqliteReader } = await import('../storage/reading/sqlite-reader.ts');
    readers.push(openSqliteReader(database.file));
  }
  return readers;
}

function readable({ form, certificates, problems }: Examination, owner: Owner): string {
  const [leaf, ...chain] = certificates as [CertificateReport, ...CertificateReport[]];
  const device =
    owner.device === null
      ? owner.note
      : `${owner.device.name} (${owner.device.id}), profile ${owner.device.profile}`;
  const parts = [
    properties([['form', form], ...lines(leaf), ['credentials id', leaf.credentialsId], ['device', device]]),
    ...chain.map((one, at) => `certificate ${at + 1} of the chain\n${properties(lines(one))}`),
    problemLines(certificates, problems),
  ];
  return parts.join('\n\n');
}

function lines(certificate: CertificateReport): [string, string | undefined][] {
  const { daysLeft } = certificate;
  const left = daysLeft < 0 ? `ended ${-daysLeft} days ago` : `${daysLeft} days left`;
  return [
    ['subject', certificate.subject || '(empty)'],
    ['names', certificate.alternativeNames.join(', ') || undefined],
    ['issuer', certificate.issuer],
    ['serial number', certificate.serialNumber],
    ['valid', `${certificate.notBefore} to ${certificate.notAfter} (${left})`],
    ['key', certificate.key],
    ['signature', certificate.signature],
    ['key usage', certificate.keyUsage?.join(', ')],
    [
      'made for',
      certificate.extendedKeyUsage?.join(', ') ??
        (certificate.isAuthority ? 'a certificate authority' : 'anything'),
    ],
    ['SHA-256', certificate.sha256],
  ];
}

function problemLines(certificates: readonly CertificateReport[], whole: readonly Problem[]): string {
  const all = [
    ...whole.map((problem) => ({ problem, where: '' })),
    ...certificates.flatMap(({ problems }, at) =>
      problems.map((problem) => ({ problem, where: at === 0 ? '' : `certificate ${at} of the chain: ` })),
    ),
  ];
  if (all.length === 0) return 'no problems';
  return all
    .map(
      ({ problem, where }) =>
        `${problem.severity === 'refused' ? 'REFUSED' : 'warning'}  ${where}${problem.says}`,
    )
    .join('\n');
}
