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

/** Every dialect there is; a new broker is one more line here. */
export const DIALECTS: readonly Dialect[] = [
  emqx,
  emqx4,
  nanomq,
  mosquitto,
  rabbitmq,
  vernemq,
  tbmq,
  rmqtt,
  generic,
  forwardAuth,
];
