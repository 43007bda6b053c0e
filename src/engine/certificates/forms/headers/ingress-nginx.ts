import { tokens } from '../../verification.ts';
import { type HeaderForm, simpleForm } from '../form.ts';
import { escapedPem } from './nginx.ts';

/**
 * ingress-nginx's header names. Traefik imitates them and writes Go's error text after FAILED
 * (`forwarded-certificates.md` section 4.3). On hosts of the same controller without auth-tls, a client can send
 * these headers.
 */
export const ingressNginx: HeaderForm = simpleForm(
  'ingress_nginx',
  { certificate: 'ssl-client-cert', verification: 'ssl-client-verify' },
  escapedPem,
  tokens,
);
