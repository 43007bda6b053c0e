import type { Dialect } from './dialect.ts';
import { emqx } from './emqx.ts';
import { emqx4 } from './emqx4.ts';
import { forwardAuth } from './forward-auth.ts';
import { generic } from './generic.ts';
import { mosquitto } from './mosquitto.ts';
import { nanomq } from './nanomq.ts';
import { rabbitmq } from './rabbitmq.ts';
import { rmqtt } from './rmqtt.ts';
import { tbmq } from './tbmq.ts';
import { vernemq } from './vernemq.ts';

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
