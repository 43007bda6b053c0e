import type { CertificateForm } from '../../../model/peer-certificate.ts';
import { apache, apacheBase64, apacheEscaped } from './apache.ts';
import { awsAlbPassthrough, awsAlbVerify } from './aws-alb.ts';
import { azureApplicationGateway, azureAppService } from './azure.ts';
import { caddy } from './caddy.ts';
import { cloudFoundry } from './cloud-foundry.ts';
import { cloudflare, cloudflareRfc9440 } from './cloudflare.ts';
import { f5 } from './f5.ts';
import type { HeaderForm } from './form.ts';
import { gcp } from './gcp.ts';
import { haproxy, haproxyPem } from './haproxy.ts';
import { ingressNginx } from './ingress-nginx.ts';
import { kong } from './kong.ts';
import { lighttpd } from './lighttpd.ts';
import { nginx, nginxDer } from './nginx.ts';
import { rfc9440 } from './rfc9440.ts';
import { squid } from './squid.ts';
import { traefik } from './traefik.ts';
import { xfcc } from './xfcc.ts';

const ALL: readonly HeaderForm[] = [
  ...[rfc9440, xfcc, nginx, nginxDer, ingressNginx, haproxy, haproxyPem, apache, apacheEscaped, apacheBase64],
  ...[traefik, caddy, lighttpd, squid, awsAlbVerify, awsAlbPassthrough, gcp, azureAppService],
  ...[azureApplicationGateway, cloudflare, cloudflareRfc9440, kong, f5, cloudFoundry],
];

/** Every form in headers, by name. A new form is a file in this folder and an entry in `ALL`. */
export const HEADER_FORMS: ReadonlyMap<CertificateForm, HeaderForm> = new Map(
  ALL.map((form) => [form.name, form]),
);

/**
 * The forms that use a header for the certificate, by the header's default name. It tells which headers were
 * ignored.
 */
export const FORMS_BY_HEADER: ReadonlyMap<string, readonly CertificateForm[]> = byHeader();

function byHeader(): Map<string, CertificateForm[]> {
  const forms = new Map<string, CertificateForm[]>();
  for (const form of ALL) {
    const header = form.headers.certificate;
    if (header !== undefined) forms.set(header, [...(forms.get(header) ?? []), form.name]);
  }
  // This header is never read, because its values are not escaped (`forwarded-certificates.md` section 4.7).
  forms.set('x-forwarded-tls-client-cert-info', []);
  return forms;
}
