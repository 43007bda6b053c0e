import type { FastifyInstance } from 'fastify';
import { provision } from '../../fleet/devices/provision/provision.ts';
import { provisionResponseJson } from '../../fleet/devices/provision/provision-response.ts';
import type { ProvisionStore } from '../../fleet/devices/provision/provision-store.ts';

/** A request names a key, a secret, a device and its credentials; a certificate is the longest of them. */
const LARGEST_REQUEST = 64 * 1024;

/**
 * `POST /api/v1/provision`: ThingsBoard's HTTP provisioning (`engine/credentials/thingsboard.md` section 6). The profile's key and
 * secret are its guard, so it asks for nothing else. Like ThingsBoard it answers 200 whatever the status in the body is;
 * where ThingsBoard never answers at all (a chain profile), this says so with 501 instead of letting the device wait.
 * @param store opened when first asked for.
 */
export function registerProvision(app: FastifyInstance, store: () => Promise<ProvisionStore>): void {
  app.post('/provision', { bodyLimit: LARGEST_REQUEST }, async (request, reply) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(String(request.body));
    } catch {
      return reply.code(400).send({ status: 'FAILURE', errorMsg: 'the body is not JSON' });
    }
    const json = provisionResponseJson(await provision(parsed, await store()));
    if (json !== undefined) return json;
    return reply
      .code(501)
      .send({ status: 'FAILURE', errorMsg: 'this profile provisions by certificate chain only' });
  });
}
