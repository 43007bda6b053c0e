import { tokens } from '../verification.ts';
import { type HeaderForm, simpleForm } from './form.ts';
import { escapedPem } from './nginx.ts';

/**
 * ingress-nginx's own header names, and Traefik's imitation of them, whose FAILED has Go's words behind it
 * (`forwarded-certificates.md` section 4.3). On hosts of the same controller without auth-tls a client can send them.
 */
export const ingressNginx: HeaderForm = simpleForm(
  'ingress_nginx',
  { certificate: 'ssl-client-cert', verification: 'ssl-client-verify' },
  escapedPem,
  tokens,
);
