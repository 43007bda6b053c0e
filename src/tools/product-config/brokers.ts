// Written by `npm run registries` from the list of brokers in src/model/question.ts.
import type { BrokerProduct } from '../../model/question.ts';
import { emqx } from './emqx/write.ts';
import { emqx4 } from './emqx4/write.ts';
import { mosquitto } from './mosquitto/write.ts';
import { nanomq } from './nanomq/write.ts';
import type { Product } from './options.ts';
import { rabbitmq } from './rabbitmq/write.ts';
import { rmqtt } from './rmqtt/write.ts';
import { tbmq } from './tbmq/write.ts';
import { vernemq } from './vernemq/write.ts';

/** Each broker’s configuration, as `thingpass broker-config` prints it. */
export const BROKER_CONFIGS: Readonly<Record<BrokerProduct, Product>> = {
  emqx,
  emqx4,
  nanomq,
  mosquitto,
  rabbitmq,
  vernemq,
  tbmq,
  rmqtt,
};
