import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Network, Party, Place } from './network.ts';

/** `kvc<pid, base 36>x<number>`: who is dead has left its namespaces behind, and they can be removed. */
const NAME = /^kvc([0-9a-z]+)x\d+/;
/** In each namespace: looked at before the table of local addresses, which has 0 elsewhere and {@link LOCAL_RULE} here. */
const CUT_RULE = 10;
const LOCAL_RULE = 100;
/** Packets that wait on a slow way; those beyond are dropped, as routers do. */
const SLOW_QUEUE_PACKETS = 32;
/** Links have names of 15 characters at most, `kvc<pid>x<number>v<party>`. */
const NUMBERS = 999;

interface PartyPlace {
  readonly name: string;
  readonly ip: string;
  readonly mac: string;
  /** Of its slow ways, bytes per second by where they lead. */
  readonly rates: Map<Party, number>;
}

/**
 * Every party in a network namespace of its own, joined by one bridge. Cuts are made where packets arrive: a routing rule
 * drops what has the sender's address, without a word to anybody, as a broken cable does. (Dropped where they are sent,
 * the sender's own kernel would tell.) The one who drives has the bridge's address, which no rule names.
 */
export class NamespaceNetwork implements Network {
  readonly kind = 'namespaces';
  readonly #bridge: string;
  readonly #places = new Map<Party, PartyPlace>();
  readonly #cuts = new Set<string>();
  /** One change after the other: a rule must not be removed before it is there. */
  #changes: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(bridge: string) {
    this.#bridge = bridge;
  }

  /** Why this machine cannot have one; null: it can. */
  static obstacle(): string | null {
    if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
    if (process.getuid?.() !== 0) return 'not root';
    for (const [tool, ...args] of [
      ['ip', '-V'],
      ['tc', '-V'],
      ['ss', '-V'],
    ] as const) {
      if (spawnSync(tool, args).error !== undefined) return `the tool ${tool} is missing`;
    }
    const name = `kvc${process.pid.toString(36)}x0`;
    const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
    if (made.status !== 0) return `no namespace can be made: ${made.stderr.trim()}`;
    spawnSync('ip', ['netns', 'del', name]);
    return null;
  }

  static async create(parties: readonly Party[]): Promise<NamespaceNetwork> {
    await removeAbandoned();
    const network = new NamespaceNetwork(freeName());
    try {
      await network.#build(parties);
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  portFor(_party: Party, preferred: number): Promise<number> {
    return Promise.resolve(preferred);
  }

  hostOf(party: Party): string {
    return this.#place(party).ip;
  }

  placeOf(party: Party): Place {
    return { launcher: ['ip', 'netns', 'exec', this.#place(party).name], preload: [], env: {} };
  }

  cut(from: Party, to: Party): Promise<void> {
    return this.#inTurn(async () => {
      const cut = `${from}>${to}`;
      if (this.#cuts.has(cut)) return;
      await this.#ip(to, [`rule add blackhole from ${this.hostOf(from)} pref ${CUT_RULE}`]);
      this.#cuts.add(cut);
    });
  }

  slow(from: Party, to: Party, bytesPerS: number): Promise<void> {
    return this.#inTurn(() => this.#shape(from, (rates) => rates.set(to, bytesPerS)));
  }

  async reset(a: Party, b: Party): Promise<number> {
    // Killing a socket sends a reset to the other side; what the reset does not reach (a cut) finds out by itself.
    const { name } = this.#place(a);
    const listed = await run('ip', ['netns', 'exec', name, 'ss', '-K', '-H', '-t', 'dst', this.hostOf(b)]);
    return listed.split('\n').filter((line) => line.trim() !== '').length;
  }

  heal(a: Party, b: Party): Promise<void> {
    return this.#inTurn(() => this.#heal(a, b));
  }

  healAll(): Promise<void> {
    return this.#inTurn(async () => {
      const pairs = new Set(this.#cuts);
      for (const [from, { rates }] of this.#places) for (const to of rates.keys()) pairs.add(`${from}>${to}`);
      for (const pair of pairs) {
        const [from = '', to = ''] = pair.split('>');
        await this.#heal(from, to);
      }
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await remove(this.#bridge);
  }

  async #build(parties: readonly Party[]): Promise<void> {
    const subnet = freeSubnet();
    const commands = [
      `link add ${this.#bridge} type bridge`,
      `addr add ${subnet}.254/24 dev ${this.#bridge}`,
      `link set ${this.#bridge} up`,
    ];
    for (const [index, party] of parties.entries()) {
      const number = index + 1;
      const mac = `02:6b:76:00:00:${number.toString(16).padStart(2, '0')}`;
      const name = `${this.#bridge}-${party}`;
      this.#places.set(party, { name, ip: `${subnet}.${number}`, mac, rates: new Map() });
      commands.push(
        `netns add ${name}`,
        `link add ${this.#bridge}v${number} type veth peer name eth0 netns ${name}`,
        `link set ${this.#bridge}v${number} master ${this.#bridge} up`,
      );
    }
    await run('ip', ['-batch', '-'], commands);
    for (const [party, { ip, mac }] of this.#places) {
      const others = [...this.#places.values()].filter((other) => other.ip !== ip);
      await this.#ip(party, [
        'link set lo up',
        `link set eth0 address ${mac}`,
        `addr add ${ip}/24 dev eth0`,
        'link set eth0 up',
        `rule add lookup local pref ${LOCAL_RULE}`,
        'rule del pref 0',
        // Who is cut off for seconds would be forgotten, and a sender be told so.
        ...others.map((other) => `neigh replace ${other.ip} lladdr ${other.mac} dev eth0 nud permanent`),
      ]);
    }
  }

  async #heal(a: Party, b: Party): Promise<void> {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      if (this.#cuts.delete(`${from}>${to}`)) {
        await this.#ip(to, [`rule del blackhole from ${this.hostOf(from)} pref ${CUT_RULE}`]);
      }
      if (this.#place(from).rates.has(to)) await this.#shape(from, (rates) => rates.delete(to));
    }
  }

  /** Made anew with each change: a class for each way that is slow; what no filter names goes unhindered. */
  async #shape(from: Party, change: (rates: Map<Party, number>) => void): Promise<void> {
    const { name, rates } = this.#place(from);
    const commands = rates.size > 0 ? ['qdisc del dev eth0 root'] : [];
    change(rates);
    if (rates.size > 0) {
      commands.push(
        'qdisc add dev eth0 root handle 1: htb default 1',
        'class add dev eth0 parent 1: classid 1:1 htb rate 10gbit',
      );
    }
    for (const [index, [to, bytesPerS]] of [...rates].entries()) {
      const flow = `1:${(index + 2).toString(16)}`;
      commands.push(
        `class add dev eth0 parent 1: classid ${flow} htb rate ${Math.ceil(8 * bytesPerS)}bit burst 3000 cburst 3000`,
        `qdisc add dev eth0 parent ${flow} pfifo limit ${SLOW_QUEUE_PACKETS}`,
        `filter add dev eth0 parent 1: protocol ip prio ${index + 1} u32 match ip dst ${this.hostOf(to)}/32 flowid ${flow}`,
      );
    }
    await run('tc', ['-n', name, '-batch', '-'], commands);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    // Who asked for it hears of a failure; the next change has nothing to do with it.
    this.#changes = result.catch(() => undefined);
    return result;
  }

  async #ip(party: Party, commands: readonly string[]): Promise<void> {
    await run('ip', ['-n', this.#place(party).name, '-batch', '-'], commands);
  }

  #place(party: Party): PartyPlace {
    const place = this.#places.get(party);
    if (place === undefined) throw new Error(`${party} is no party of this network`);
    return place;
  }
}

async function removeAbandoned(): Promise<void> {
  const left = [...readdirSync('/sys/class/net'), ...namespaces()];
  const names = new Set(left.map((name) => NAME.exec(name)?.[0] ?? ''));
  for (const name of names) {
    const pid = Number.parseInt(NAME.exec(name)?.[1] ?? '', 36);
    if (pid > 0 && pid !== process.pid && !existsSync(`/proc/${pid}`)) await remove(name);
  }
}

/**
 * Links go with their namespaces, and those with the last socket that is not quite closed in them: which may be long after
 * they have lost their names. What is gone already is no failure.
 */
async function remove(bridge: string): Promise<void> {
  for (const name of namespaces()) {
    if (name.startsWith(`${bridge}-`)) await run('ip', ['netns', 'del', name]);
  }
  if (existsSync(`/sys/class/net/${bridge}`)) await run('ip', ['link', 'del', bridge]);
}

/** Nobody has it, and nothing is left of whoever had it. Not counted: each test's file would begin with the first again. */
function freeName(): string {
  const taken = [...readdirSync('/sys/class/net'), ...namespaces()].map((name) => NAME.exec(name)?.[0]);
  for (;;) {
    const name = `kvc${process.pid.toString(36)}x${1 + Math.floor(Math.random() * NUMBERS)}`;
    if (!taken.includes(name)) return name;
  }
}

function namespaces(): readonly string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns') : [];
}

function freeSubnet(): string {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address),
  );
  for (;;) {
    const subnet = `10.${64 + Math.floor(Math.random() * 128)}.${Math.floor(Math.random() * 256)}`;
    if (!taken.some((address) => address.startsWith(`${subnet}.`))) return subnet;
  }
}

/** Rejects with what the tool said. Its standard output otherwise. */
function run(tool: string, args: readonly string[], lines: readonly string[] = []): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: 'pipe' });
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else
        reject(new Error(`${tool} ${args.join(' ')}: ${errors.trim()}${lines.map((line) => `\n  ${line}`).join('')}`));
    });
  });
}
