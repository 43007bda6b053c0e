// Written by `npm run registries` from the list of brokers in src/model/question.ts.
import type { BrokerProduct } from '../../model/question.ts';
import { emqx } from './emqx.ts';
import { emqx4 } from './emqx4.ts';
import { mosquitto } from './mosquitto.ts';
import { nanomq } from './nanomq.ts';
import { rabbitmq } from './rabbitmq.ts';
import { rmqtt } from './rmqtt.ts';
import type { SimulatedBroker } from './simulated-broker.ts';
import { tbmq } from './tbmq.ts';
import { vernemq } from './vernemq.ts';

/** Each broker’s requests, as `thingpass doctor --as` and the tests make them. */
export const SIMULATED_BROKERS: Readonly<Record<BrokerProduct, SimulatedBroker>> = {
  emqx,
  emqx4,
  nanomq,
  mosquitto,
  rabbitmq,
  vernemq,
  tbmq,
  rmqtt,
};
