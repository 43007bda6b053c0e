import { apache } from './apache.ts';
import { caddy } from './caddy.ts';
import { emqx } from './emqx.ts';
import { emqx4 } from './emqx4.ts';
import { envoy } from './envoy.ts';
import { haproxy } from './haproxy.ts';
import { mosquitto } from './mosquitto.ts';
import { nanomq } from './nanomq.ts';
import { nanomqBridge } from './nanomq-bridge.ts';
import { nginx } from './nginx.ts';
import type { Product } from './options.ts';
import { rabbitmq } from './rabbitmq.ts';
import { rmqtt } from './rmqtt.ts';
import { tbmq } from './tbmq.ts';
import { traefik } from './traefik.ts';
import { vernemq } from './vernemq.ts';

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
