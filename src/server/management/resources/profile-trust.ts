import { Type } from 'typebox';
import { TRUST_MODES } from '../../../engine/certificates/trust/policy.ts';
import { operation } from '../operation.ts';
import { named, object, oneOf, UUID } from '../schemas.ts';

const MODE = Type.Optional(oneOf(TRUST_MODES, 'As the installation has it when absent.'));

const POLICY = named(
  'CertificateTrust',
  object(
    { path: MODE, usage: MODE, crl: MODE, ocsp: MODE },
    'What is asked of the certificates of a profile’s devices, rule by rule.',
  ),
);

const PATH = '/profiles/{profile}/certificate-trust';
const TAG = 'Device profiles';
const PARAMS = object({ profile: UUID });

const getCertificateTrust = operation({
  id: 'getCertificateTrust',
  method: 'GET',
  path: PATH,
  tag: TAG,
  scopes: ['read'],
  summary: 'Show what a profile asks of certificates in the place of the settings',
  params: PARAMS,
  answers: { 200: { description: 'The rules that it decides itself', schema: POLICY } },
  async handle({ params, store }) {
    return { status: 200, body: await store.profileTrust.find(params.profile.toLowerCase()) };
  },
});

const putCertificateTrust = operation({
  id: 'putCertificateTrust',
  method: 'PUT',
  path: PATH,
  tag: TAG,
  scopes: ['write'],
  summary: 'Ask more or less of the certificates of a profile’s devices than the settings do',
  description:
    'From the next decision on, within a second. The profile may be one of ThingsBoard’s own database. An empty object takes the settings back into force.',
  params: PARAMS,
  body: POLICY,
  answers: { 200: { description: 'In force', schema: POLICY } },
  async handle({ params, body, store, actor }) {
    await store.profileTrust.put(params.profile.toLowerCase(), body, actor);
    return { status: 200, body };
  },
});

export const PROFILE_TRUST_OPERATIONS = [getCertificateTrust, putCertificateTrust];
