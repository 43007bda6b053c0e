import { decodeDerBase64, decodeEitherText, onlyOne } from '../../text/decode.ts';
import { tokens } from '../../verification.ts';
import { type HeaderForm, simpleForm } from '../form.ts';

/**
 * Azure App Service (`forwarded-certificates.md` section 4.8). The platform never verifies, so the operator's
 * `endpointVerifies` is ignored. Azure Container Apps sends Envoy's header: use the form `xfcc`.
 */
const appService: HeaderForm = simpleForm(
  'azure_app_service',
  { certificate: 'x-arr-clientcert' },
  decodeDerBase64,
);

export const azureAppService: HeaderForm = {
  ...appService,
  read: (request) =>
    appService.read({ ...request, settings: { ...request.settings, endpointVerifies: false } }),
};

/**
 * Azure Application Gateway: a rewrite rule with `{var_client_certificate}` and
 * `{var_client_certificate_verification}`. Azure does not document how the PEM is escaped, so percent-encoding and
 * one line with blanks are both read.
 */
export const azureApplicationGateway: HeaderForm = simpleForm(
  'azure_application_gateway',
  { certificate: 'x-client-certificate', verification: 'x-client-certificate-verification' },
  (text) => onlyOne(decodeEitherText(text)),
  tokens,
);
