/** Where to connect. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Parses `host:port`, `[address]:port` and the URLs in brokers' manuals (`mqtts://host`, `wss://host/mqtt`).
 * @returns `undefined` for any other text.
 */
export function parseTarget(text: string): (Target & { readonly path?: string | undefined }) | undefined {
  const url = /^(?:(mqtts|ssl|tls|wss):\/\/)?(\[[0-9a-fA-F:.]+\]|[^\s:/[\]@]+)(?::(\d{1,5}))?(\/\S*)?$/.exec(
    text,
  );
  if (url === null) return undefined;
  const [, scheme, host = '', portText, path] = url;
  if (scheme === undefined && (portText === undefined || path !== undefined)) return undefined;
  const port = portText === undefined ? (scheme === 'wss' ? 443 : 8883) : Number(portText);
  if (port < 1 || port > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port, path: scheme === 'wss' ? (path ?? '/mqtt') : undefined };
}
