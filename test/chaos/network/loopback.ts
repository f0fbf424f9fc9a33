import { FreePorts } from '../../../src/main/local/ports.ts';
import type { Network, Party, Place } from './network.ts';
import { Relay, type Way } from './relay.ts';

const HOST = '127.0.0.1';
const preload = new URL('routes-preload.ts', import.meta.url).href;

interface Endpoint {
  readonly party: Party;
  readonly port: number;
}

/**
 * Every party on the loopback, every way between two of them through a relay. Servers tell each other their true
 * addresses; what a process dials is led to the relay of its party by a module that is loaded before the program
 * (`routes-preload.ts`), so that the program needs to know nothing.
 */
export class LoopbackNetwork implements Network {
  readonly kind = 'loopback';
  readonly #parties: readonly Party[];
  readonly #ports = new FreePorts();
  readonly #endpoints: Endpoint[] = [];
  readonly #ways = new Map<string, Way>();
  readonly #relays: { readonly from: Party; readonly to: Party; readonly relay: Relay }[] = [];
  readonly #routes = new Map<Party, Record<string, number>>();

  constructor(parties: readonly Party[]) {
    this.#parties = parties;
    for (const party of parties) this.#routes.set(party, {});
  }

  async portFor(party: Party, _preferred: number): Promise<number> {
    const port = await this.#ports.take();
    this.#endpoints.push({ party, port });
    for (const from of this.#parties) {
      if (from === party) continue;
      const relay = new Relay({
        target: { host: HOST, port },
        there: this.#way(from, party),
        back: this.#way(party, from),
      });
      this.#relays.push({ from, to: party, relay });
      const routes = this.#routes.get(from) ?? {};
      routes[`${HOST}:${port}`] = await relay.listen();
    }
    return port;
  }

  hostOf(_party: Party): string {
    return HOST;
  }

  placeOf(party: Party): Place {
    return {
      launcher: [],
      preload: [preload],
      env: { KV_CHAOS_ROUTES: JSON.stringify(this.#routes.get(party) ?? {}) },
    };
  }

  cut(from: Party, to: Party): Promise<void> {
    this.#way(from, to).cut = true;
    return this.#changed(from, to);
  }

  slow(from: Party, to: Party, bytesPerS: number): Promise<void> {
    this.#way(from, to).bytesPerS = bytesPerS;
    return this.#changed(from, to);
  }

  reset(a: Party, b: Party): Promise<number> {
    return Promise.resolve(this.#between(a, b).reduce((sum, relay) => sum + relay.reset(), 0));
  }

  heal(a: Party, b: Party): Promise<void> {
    for (const way of [this.#way(a, b), this.#way(b, a)]) {
      way.cut = false;
      way.bytesPerS = null;
    }
    return this.#changed(a, b);
  }

  healAll(): Promise<void> {
    for (const way of this.#ways.values()) {
      way.cut = false;
      way.bytesPerS = null;
    }
    for (const { relay } of this.#relays) relay.waysChanged();
    return Promise.resolve();
  }

  close(): Promise<void> {
    for (const { relay } of this.#relays) relay.close();
    return Promise.resolve();
  }

  #changed(a: Party, b: Party): Promise<void> {
    for (const relay of this.#between(a, b)) relay.waysChanged();
    return Promise.resolve();
  }

  #between(a: Party, b: Party): readonly Relay[] {
    return this.#relays
      .filter(({ from, to }) => (from === a && to === b) || (from === b && to === a))
      .map(({ relay }) => relay);
  }

  #way(from: Party, to: Party): Way {
    const name = `${from}>${to}`;
    const known = this.#ways.get(name);
    if (known !== undefined) return known;
    const way: Way = { cut: false, bytesPerS: null };
    this.#ways.set(name, way);
    return way;
  }
}
