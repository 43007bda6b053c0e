import { type ConfigOptions, namesFrom, type Product, urlOf } from '../options.ts';

/** EMQX 4 with `emqx_auth_http` (`brokers/emqx/emqx.md` section 9). */
export const emqx4: Product = {
  name: 'emqx4',
  identities: ['token', 'basic', 'certificate'],
  https: false,
  settings: ({ identities }) =>
    identities.has('certificate') ? namesFrom('emqx4', 'emqx4_name', 'emqx4:8883') : [],
  files: (options) => [{ name: 'emqx_auth_http.conf', text: authHttp(options) }],
};

function authHttp(options: ConfigOptions): string {
  return `## EMQX 4 asks ThingPass: etc/plugins/emqx_auth_http.conf; README.md next to this file says what each line avoids.

auth.http.auth_req.url = ${urlOf(options, '/emqx4/auth')}
auth.http.auth_req.method = post
auth.http.auth_req.headers.content-type = application/x-www-form-urlencoded
auth.http.auth_req.headers.x-thingpass-secret = ${options.secret}
auth.http.auth_req.params = clientid=%c,username=%u,password=%P,ipaddr=%a,sockport=%p,common_name=%C,subject=%d

auth.http.acl_req.url = ${urlOf(options, '/emqx4/acl')}
auth.http.acl_req.method = post
auth.http.acl_req.headers.content-type = application/x-www-form-urlencoded
auth.http.acl_req.headers.x-thingpass-secret = ${options.secret}
auth.http.acl_req.params = access=%A,username=%u,clientid=%c,ipaddr=%a,topic=%t,sockport=%p,common_name=%C,subject=%d

auth.http.timeout = 5s
auth.http.connect_timeout = 5s
auth.http.pool_size = 32
`;
}
