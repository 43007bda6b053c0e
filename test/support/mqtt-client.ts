import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';

export type Connected = { readonly accepted: true; readonly client: MqttClient };
export type Refused = {
  readonly accepted: false;
  readonly code: number | undefined;
  readonly message: string;
};

/** One attempt to connect with a real MQTT client; the CONNACK code of a refusal, where one came. */
export function connectOnce(url: string, options: IClientOptions): Promise<Connected | Refused> {
  return new Promise((resolve) => {
    const client = mqtt.connect(url, { reconnectPeriod: 0, connectTimeout: 60_000, ...options });
    client.once('connect', () => resolve({ accepted: true, client }));
    client.once('error', (error) => {
      client.end(true);
      resolve({ accepted: false, code: (error as { code?: number }).code, message: error.message });
    });
    client.once('close', () =>
      resolve({ accepted: false, code: undefined, message: 'closed without an answer' }),
    );
  });
}

/** The code the broker granted for one filter: 0 to 2, or 128 for a refusal. */
export async function subscribeOnce(client: MqttClient, filter: string): Promise<number> {
  try {
    const [granted] = await client.subscribeAsync(filter, { qos: 1 });
    return granted?.qos ?? -1;
  } catch {
    return 128;
  }
}
