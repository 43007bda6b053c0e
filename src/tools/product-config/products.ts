import { apache } from './apache/write.ts';
import { BROKER_CONFIGS } from './brokers.ts';
import { caddy } from './caddy/write.ts';
import { envoy } from './envoy/write.ts';
import { haproxy } from './haproxy/write.ts';
import { nanomqBridge } from './nanomq/write-bridge.ts';
import { nginx } from './nginx/write.ts';
import type { Product } from './options.ts';
import { traefik } from './traefik/write.ts';

/** Every product whose configuration can be made: brokers by their list in `model/question.ts`; a new proxy is one more line here. */
export const PRODUCTS: readonly Product[] = [
  ...Object.values(BROKER_CONFIGS),
  nanomqBridge,
  nginx,
  haproxy,
  envoy,
  traefik,
  caddy,
  apache,
];
