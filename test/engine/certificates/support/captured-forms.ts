import type { FormSettings } from '../../../../src/engine/certificates/forms/form.ts';
import { type EnabledForm, enableForms } from '../../../../src/engine/certificates/header-certificates.ts';
import { goldenBytes, goldenJson } from '../../../support/golden.ts';

export const INDEX = 'captures/forwarded-certificates/index.json';

/** One entry of the captures' index, as far as tests read it. */
export interface CapturedEntry {
  readonly id: string;
  readonly file: string;
  readonly config?: string;
  readonly encoding: string;
  readonly verification?: 'verified' | 'failed' | 'none' | 'not-checked' | 'unknown' | 'spoofed';
  /** Path of the client's certificate, where it had one. */
  readonly certificate: string | null;
  readonly expected: Expected;
  readonly certificateInBytes?: Expected;
  readonly identityOf?: { readonly subjectCNs: readonly string[] };
  readonly nodeHttpDefaultStatus?: number;
}

export interface Expected {
  readonly certificatePresent: boolean;
  readonly fieldsOnly?: boolean;
  readonly chainOnly?: boolean;
  readonly malformedHttp?: boolean;
  readonly sha256?: string;
  readonly credentialsId?: string;
  readonly subjectCN?: string | null;
  readonly subjectCNs?: readonly string[];
  readonly chainLength?: number;
  readonly chainSha256?: readonly string[];
  readonly hashHint?: string;
  readonly md5?: string;
  readonly username?: string;
  readonly passwordFieldPresent?: boolean;
}

export function capturedEntries(): CapturedEntry[] {
  return goldenJson<{ captures: CapturedEntry[] }>(INDEX).captures;
}

export function capturedBytes(entry: CapturedEntry): Buffer {
  return goldenBytes(`captures/forwarded-certificates/${entry.file}`);
}

const NGINX_WORD = { verification: 'x-ssl-client-verify' } as const;
const NO_WORD = { verification: '' } as const;

/** How each recorded endpoint was configured, in our words. */
const FORMS: Record<string, readonly [string, FormSettings?]> = {
  'nginx/escaped': ['nginx'],
  'nginx/folded': ['nginx'],
  'nginx/identity': ['nginx'],
  'nginx/passthrough': ['nginx'],
  'nginx/raw': ['nginx', { headers: NO_WORD }],
  'nginx/njs-der': ['nginx_der'],
  'nginx/njs-rfc9440': ['rfc9440', { headers: NGINX_WORD, verificationWords: 'tokens' }],
  'haproxy/chain-der': ['haproxy'],
  'haproxy/der': ['haproxy'],
  'haproxy/identity': ['haproxy'],
  'haproxy/pem-spaces': ['haproxy_pem'],
  'haproxy/rfc9440': ['rfc9440', { headers: NGINX_WORD, verificationWords: 'opensslCode' }],
  'apache/base64': ['apache_base64'],
  'apache/cert': ['apache'],
  'apache/cert-env': ['apache'],
  'apache/chain': ['apache'],
  'apache/escaped': ['apache_escaped'],
  'apache/identity': ['apache'],
  'apache/identity-legacy': ['apache'],
  'caddy/der': ['caddy'],
  'caddy/identity': ['caddy'],
  'caddy/rfc9440': ['rfc9440'],
  'caddy-verify/der': ['caddy', { endpointVerifies: true }],
  'lighttpd/urlenc': ['lighttpd'],
  'squid/identity': ['squid'],
  'constructed/envoy/xfcc-append-two': ['xfcc', { trustedHops: 2 }],
  'constructed/envoy': ['xfcc'],
  'constructed/azure-container-apps': ['xfcc'],
  'constructed/aws-alb/passthrough': ['aws_alb_passthrough'],
  'constructed/aws-alb/verify': ['aws_alb_verify'],
  'constructed/gcp-lb': ['gcp'],
  'constructed/cloudflare': ['cloudflare'],
  'constructed/traefik/ingress-nginx-compat': ['ingress_nginx'],
  'constructed/traefik': ['traefik'],
  'constructed/ingress-nginx': ['ingress_nginx'],
  'constructed/azure-app-service': ['azure_app_service'],
  'constructed/azure-application-gateway': ['azure_application_gateway'],
  'constructed/f5-big-ip': ['f5'],
  'constructed/kong': ['kong'],
  'constructed/rfc9440': ['rfc9440'],
};

/** The header form in which an entry came, switched on; `undefined` for those that are not in headers. */
export function formOf(entry: CapturedEntry): EnabledForm | undefined {
  const variant = entry.config ?? entry.id.split('--')[0] ?? '';
  const [name, settings] = FORMS[variant] ?? FORMS[variant.split('/').slice(0, 2).join('/')] ?? [];
  if (name === undefined) return undefined;
  return enableForms([settings === undefined ? { name } : { name, settings }])[0];
}
