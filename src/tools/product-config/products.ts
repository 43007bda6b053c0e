import { apache } from './apache.ts';
import { caddy } from './caddy.ts';
import { emqx } from './emqx/write.ts';
import { emqx4 } from './emqx4/write.ts';
import { envoy } from './envoy.ts';
import { haproxy } from './haproxy/write.ts';
import { mosquitto } from './mosquitto/write.ts';
import { nanomq } from './nanomq/write.ts';
import { nanomqBridge } from './nanomq/write-bridge.ts';
import { nginx } from './nginx/write.ts';
import type { Product } from './options.ts';
import { rabbitmq } from './rabbitmq/write.ts';
import { rmqtt } from './rmqtt/write.ts';
import { tbmq } from './tbmq/write.ts';
import { traefik } from './traefik.ts';
import { vernemq } from './vernemq/write.ts';

/** Every product whose configuration can be made; a new one is one more line here. */
export const PRODUCTS: readonly Product[] = [
  emqx,
  emqx4,
  nanomq,
  nanomqBridge,
  mosquitto,
  rabbitmq,
  vernemq,
  tbmq,
  rmqtt,
  nginx,
  haproxy,
  envoy,
  traefik,
  caddy,
  apache,
];

/** The folder below `deploy/` that holds a product's files. */
export function folderOf({ name }: Product): string {
  return name === 'nanomq-bridge' ? 'nanomq' : name;
}
