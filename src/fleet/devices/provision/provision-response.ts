import { readStoredBasic } from '../../../engine/credentials/stored/stored-basic.ts';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../engine/credentials/verify-secret.ts';
import type { ProvisionResponse } from './provision.ts';

/**
 * The answer's JSON as ThingsBoard writes it (`engine/credentials/thingsboard.md` section 6): the token or certificate as text,
 * MQTT_BASIC as an object, LwM2M not at all.
 * @returns `undefined` where ThingsBoard does not answer.
 */
export function provisionResponseJson(response: ProvisionResponse): Record<string, unknown> | undefined {
  switch (response.status) {
    case 'NO_RESPONSE':
      return undefined;
    case 'SUCCESS': {
      const { credentialsType, credentialsValue, status } = response;
      if (credentialsType === 'LWM2M_CREDENTIALS' || credentialsValue === null) {
        return { credentialsType, status };
      }
      const value = credentialsType === 'MQTT_BASIC' ? basicValue(credentialsValue) : credentialsValue;
      return { credentialsValue: value, credentialsType, status };
    }
    default: {
      const { errorMsg, status, code } = response;
      return code === undefined ? { errorMsg, status } : { errorMsg, status, code };
    }
  }
}

/** A password that is kept as a hash cannot be told, and what stands in its place is nothing to send. */
function basicValue(json: string): unknown {
  const basic = readStoredBasic(json);
  if (basic?.password === PASSWORD_KEPT_ELSEWHERE) return { ...basic, password: null };
  return basic ?? json;
}
