/** Whoever has a network place of its own: `kvstore-0`, `proxy-1`, `api`, `clients-0`. */
export type Party = string;

/**
 * Where the processes of an installation meet, and what can be done to the ways between them. A party is a place, not a
 * process: what is cut stays cut for the process that comes next. Nothing that is done here is ever seen by the one who
 * drives the experiment: it reaches every party by a way of its own.
 */
export interface Network {
  readonly kind: 'namespaces' | 'loopback';

  /** A port for a server of this party, the preferred one where the party has an address for itself. Before {@link placeOf}. */
  portFor(party: Party, preferred: number): Promise<number>;
  /** Where servers of this party listen. */
  hostOf(party: Party): string;
  /** What a process needs to run at this place. */
  placeOf(party: Party): Place;

  /** What `from` sends to `to` is lost, silently, until {@link heal}; what `to` sends still arrives. */
  cut(from: Party, to: Party): Promise<void>;
  /** What `from` sends to `to` travels at this rate, until {@link heal}. */
  slow(from: Party, to: Party, bytesPerS: number): Promise<void>;
  /** Ends the connections between the two, as if each had been reset by the other side; how many. */
  reset(a: Party, b: Party): Promise<number>;
  /** Undoes cuts and slowness between the two. */
  heal(a: Party, b: Party): Promise<void>;
  healAll(): Promise<void>;

  close(): Promise<void>;
}

export interface Place {
  /** Words in front of the program. */
  readonly launcher: readonly string[];
  /** Modules that Node loads before the program. */
  readonly preload: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}
