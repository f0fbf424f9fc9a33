import { isIPv6 } from 'node:net';

export interface HostAndPort {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

const BRACKETED = /^\[([^[\]]+)\]:(\d{1,5})$/;
const PLAIN = /^([^\s:/[\]]+):(\d{1,5})$/;

/** The parts of `host:port`, an IPv6 host in brackets; null if it is not one. */
export function parseAddress(address: string): HostAndPort | null {
  const [, host, digits] = BRACKETED.exec(address) ?? PLAIN.exec(address) ?? [];
  if (host === undefined || digits === undefined) return null;
  if (address.startsWith('[') && !isIPv6(host)) return null;
  const port = Number(digits);
  return port <= 65_535 ? { host, port } : null;
}

export function formatAddress({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
