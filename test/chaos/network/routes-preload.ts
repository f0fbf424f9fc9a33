/**
 * Loaded before a program (`node --import`): what it dials goes by the relays of its party. `KV_CHAOS_ROUTES` maps
 * `host:port` to the port of the relay.
 */
import { Socket } from 'node:net';

const routes = JSON.parse(process.env['KV_CHAOS_ROUTES'] ?? '{}') as Readonly<Record<string, number>>;
const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;

Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  // node:net hands on its arguments normalized, as one array: the options, then the listener.
  const normalized = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  const options = normalized[0] as { host?: string | null; port?: number | string } | null;
  if (typeof options === 'object' && options !== null) {
    const port = routes[`${options.host ?? 'localhost'}:${options.port ?? ''}`];
    if (port !== undefined) normalized[0] = { ...options, port };
  }
  return connect.apply(this, args);
};
