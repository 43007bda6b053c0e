import { emqx } from './emqx.ts';
import { emqx4 } from './emqx4.ts';
import { mosquitto } from './mosquitto.ts';
import { nanomq } from './nanomq.ts';
import { rabbitmq } from './rabbitmq.ts';
import { rmqtt } from './rmqtt.ts';
import type { SimulatedBroker } from './simulated-broker.ts';
import { tbmq } from './tbmq.ts';
import { vernemq } from './vernemq.ts';

/** Every broker that can be played, by its name in commands and settings. */
export const PLAYED: ReadonlyMap<string, SimulatedBroker> = new Map(
  Object.entries({ emqx, emqx4, nanomq, mosquitto, rabbitmq, vernemq, tbmq, rmqtt }),
);
