// Written by `npm run registries` from the list of brokers in src/model/question.ts.
import type { BrokerName } from '../model/question.ts';
import type { Dialect } from './dialect.ts';
import { emqx } from './emqx/dialect.ts';
import { emqx4 } from './emqx4/dialect.ts';
import { forwardAuth } from './forward-auth/dialect.ts';
import { generic } from './generic/dialect.ts';
import { mosquitto } from './mosquitto/dialect.ts';
import { nanomq } from './nanomq/dialect.ts';
import { rabbitmq } from './rabbitmq/dialect.ts';
import { rmqtt } from './rmqtt/dialect.ts';
import { tbmq } from './tbmq/dialect.ts';
import { vernemq } from './vernemq/dialect.ts';

/** Each broker’s dialect. */
export const DIALECT_OF: Readonly<Record<BrokerName, Dialect>> = {
  emqx,
  emqx4,
  nanomq,
  mosquitto,
  rabbitmq,
  vernemq,
  tbmq,
  rmqtt,
  generic,
  forward_auth: forwardAuth,
};

/** Every dialect there is. */
export const DIALECTS: readonly Dialect[] = Object.values(DIALECT_OF);
