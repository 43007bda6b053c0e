/**
 * A whole broker that asks ThingPass, to try things with: `node deploy/aedes/broker.mjs [port]`. Both on this machine;
 * `THINGPASS_PORT` and `THINGPASS_SECRET` are those of ThingPass.
 */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { thingpass } from './thingpass.mjs';

const port = Number(process.argv[2] ?? 1883);
const { THINGPASS_PORT = '8080', THINGPASS_SECRET: secret } = process.env;
const broker = await Aedes.createBroker(thingpass({ url: `http://127.0.0.1:${THINGPASS_PORT}`, secret }));
createServer(broker.handle).listen(port, '127.0.0.1', () => {
  console.log(`listening on mqtt://127.0.0.1:${port}`);
});
