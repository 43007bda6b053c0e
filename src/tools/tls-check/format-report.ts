import { properties } from '../../util/table.ts';
import type { TlsReport } from './tls-report.ts';

/** Formats a report as text: the result first, then the observations. */
export function formatReport(report: TlsReport): string {
  const { refusedBy, why, negotiated, versions, clientCertificate, upgrade, connack, alert } = report;
  const parts = [
    refusedBy === undefined ? `OK  ${why}` : `REFUSED by the ${refusedBy}  ${why}`,
    properties([
      ['target', report.target],
      ['TLS', negotiated && `${negotiated.version}, ${negotiated.cipher}`],
      ['versions', versionsLine(versions)],
      ['alert', alert && `${alert.code} ${alert.name}`],
      ['client certificate', clientCertificate && requestLine(clientCertificate)],
      ['accepted authorities', clientCertificate?.acceptableAuthorities.join(' | ') || undefined],
      ['accepted signatures', clientCertificate?.signatureAlgorithms.join(', ') || undefined],
      ['upgrade', upgrade?.status === undefined ? undefined : `HTTP ${upgrade.status}`],
      ['CONNACK', connack && `${connack.code}: ${connack.meaning}`],
    ]),
    ...report.serverChain.map((one, at) =>
      properties([
        [at === 0 ? 'server certificate' : `issuer ${at}`, one.subject || '(empty subject)'],
        ['names', one.alternativeNames.join(', ') || undefined],
        ['issued by', one.issuer],
        ['valid', `${one.notBefore} to ${one.notAfter} (${one.daysLeft} days left)`],
        ['key', `${one.key}, signed with ${one.signature}`],
        ['problem', one.problems.map(({ says }) => says).join('; ') || undefined],
      ]),
    ),
    report.problems.map(({ says }) => `warning  ${says}`).join('\n'),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function versionsLine(versions: TlsReport['versions']): string | undefined {
  if (versions.length === 0) return undefined;
  return versions
    .map(({ version, spoken, detail }) => `${version.replace('v', ' ')} ${spoken ? 'yes' : `no (${detail})`}`)
    .join(', ');
}

function requestLine({ requested, sent }: NonNullable<TlsReport['clientCertificate']>): string {
  if (!requested) return 'not requested';
  return sent ? 'requested, sent' : 'requested, none sent';
}
