import type { Key } from '../../src/core/base/key.ts';
import type { Ticket } from '../../src/core/group/io.ts';
import {
  type WatchEnding,
  type WatchNews,
  type WatchRange,
  type WatchStart,
  watchNewsBytes,
} from '../../src/core/store/watching.ts';
import { WatchModel } from './checkers/watch-model.ts';
import { CLIENT_MACHINES } from './network.ts';
import { MS, SECOND } from './plan.ts';
import { Prng, streams } from './prng.ts';
import type { Process, WatchingEnd } from './process.ts';
import { check } from './violation.ts';
import type { World } from './world.ts';

/** After the clients that write and read. */
const FIRST_MACHINE = CLIENT_MACHINES + 30;

/**
 * Somebody who watches keys, at whichever replica: reads at its own pace, leaves amid the news, and goes on elsewhere with the
 * last that it has heard. Whatever became of it, its model says what it must be told.
 */
export class WatchingClient {
  readonly #world: World;
  readonly #random: Prng;
  readonly #label: string;
  readonly #machine: number;
  #model: WatchModel | null = null;
  #connection: Connection | null = null;
  events = 0;

  constructor(world: World, number: number) {
    this.#world = world;
    this.#random = new Prng(world.plan.seed, streams.watcher + number);
    this.#label = `watcher ${number}`;
    this.#machine = FIRST_MACHINE + number;
  }

  start(): void {
    this.#later(() => {
      this.#connect();
    });
  }

  #later(action: () => void, meanMs = 60): void {
    this.#world.after(this.#random.exponential(meanMs * MS) + MS, action);
  }

  #begin(): WatchModel {
    const random = this.#random;
    const range: WatchRange = random.chance(0.4)
      ? { kind: 'key', key: `k${random.below(this.#world.plan.clients.keys)}` as Key }
      : { kind: 'prefix', prefix: random.pick(['', '', 'k', 'k1', 'n']) };
    return new WatchModel(this.#label, range, {
      withState: random.chance(0.5),
      chronicleOf: (lineage) => this.#world.checker.chronicleOf(lineage),
    });
  }

  #connect(): void {
    const { network, pods, plan } = this.#world;
    const running = pods.running();
    const target = running.length === 0 ? null : this.#random.pick(running);
    if (target === null || network.isCut(this.#machine, target.pod.machine) || this.#random.chance(plan.clients.loss)) {
      this.#later(() => {
        this.#connect();
      });
      return;
    }
    const model = (this.#model ??= this.#begin());
    const { token } = model;
    const start: WatchStart = token !== null ? { kind: 'resume', token } : { kind: model.withState ? 'state' : 'now' };
    const credit = this.#random.pick([1, 400, 3000, 1 << 20]);
    const ticket = this.#world.nextTicket();
    const connection = new Connection(this, target, ticket, this.#machine);
    this.#connection = connection;
    this.#world.after(network.latency(this.#machine, target.pod.machine), () => {
      if (!target.isAlive) connection.onLost();
      else target.watch(ticket, connection, { kind: 'watch', ticket, request: { range: model.range, start, credit } });
    });
    // Sooner or later it goes elsewhere, also where all is well.
    this.#world.after(this.#random.exponential(3 * SECOND), () => {
      this.#leave(connection);
    });
  }

  onNews(connection: Connection, news: WatchNews): void {
    const model = this.#model;
    if (connection !== this.#connection || model === null) return;
    this.#world.trace.add(this.#world.now, this.#label, 'is told', news);
    for (const event of news.events) {
      model.onEvent(event, news.lineage);
      this.events += 1;
      if (!this.#random.chance(0.03)) continue;
      this.#leave(connection);
      return;
    }
    model.onNews(news);
    const bytes = watchNewsBytes(news.events);
    const pauseMs = this.#random.pick([0, 1, 1, 30, 30, 1500]);
    this.#world.after(pauseMs * MS, () => {
      connection.grant(bytes);
    });
  }

  onEnded(connection: Connection, ending: WatchEnding): void {
    if (connection !== this.#connection) return;
    this.#world.trace.add(this.#world.now, this.#label, 'is told', ending);
    const place = this.#model?.token?.place ?? null;
    const lineage = this.#model?.token?.lineage ?? null;
    if (ending.kind === 'compacted') {
      check(
        place === null || place.index < ending.oldestRevision,
        'watches',
        () => `${this.#label}: ${place?.index} is refused as older than ${ending.oldestRevision}, which it is not`,
      );
      this.#model = null;
    } else if (ending.kind === 'replaced-lineage') {
      check(
        lineage === null || lineage.id !== ending.lineage.id,
        'watches',
        () => `${this.#label}: a place is refused as of a replaced lineage, which it is not`,
      );
      this.#model = null;
    }
    this.onLost(connection);
  }

  onLost(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#connection = null;
    this.#later(() => {
      this.#connect();
    });
  }

  #leave(connection: Connection): void {
    if (connection !== this.#connection) return;
    connection.leave();
    this.onLost(connection);
  }
}

/** One watch at one process. */
class Connection implements WatchingEnd {
  readonly machine: number;
  readonly #owner: WatchingClient;
  readonly #target: Process;
  readonly #ticket: Ticket;

  constructor(owner: WatchingClient, target: Process, ticket: Ticket, machine: number) {
    this.#owner = owner;
    this.#target = target;
    this.#ticket = ticket;
    this.machine = machine;
  }

  grant(bytes: number): void {
    this.#target.deliver({ kind: 'grant', ticket: this.#ticket, bytes });
  }

  leave(): void {
    this.#target.stopWatching(this.#ticket);
  }

  onNews(news: WatchNews): void {
    this.#owner.onNews(this, news);
  }

  onEnded(ending: WatchEnding): void {
    this.#owner.onEnded(this, ending);
  }

  onLost(): void {
    this.#owner.onLost(this);
  }
}
