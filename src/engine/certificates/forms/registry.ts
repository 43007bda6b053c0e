import type { CertificateForm } from '../../../model/peer-certificate.ts';
import type { HeaderForm } from './form.ts';
import { apache, apacheBase64, apacheEscaped } from './headers/apache.ts';
import { awsAlbPassthrough, awsAlbVerify } from './headers/aws-alb.ts';
import { azureApplicationGateway, azureAppService } from './headers/azure.ts';
import { caddy } from './headers/caddy.ts';
import { cloudFoundry } from './headers/cloud-foundry.ts';
import { cloudflare, cloudflareRfc9440 } from './headers/cloudflare.ts';
import { f5 } from './headers/f5.ts';
import { gcp } from './headers/gcp.ts';
import { haproxy, haproxyPem } from './headers/haproxy.ts';
import { ingressNginx } from './headers/ingress-nginx.ts';
import { kong } from './headers/kong.ts';
import { lighttpd } from './headers/lighttpd.ts';
import { nginx, nginxDer } from './headers/nginx.ts';
import { rfc9440 } from './headers/rfc9440.ts';
import { squid } from './headers/squid.ts';
import { traefik } from './headers/traefik.ts';
import { xfcc } from './headers/xfcc.ts';

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
