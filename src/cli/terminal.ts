/** What a command line has around it. */
export interface Terminal {
  /** Results; with a newline added. */
  out(text: string): void;
  /** Results, as they are. Resolves when more is wanted: whoever writes much waits for it. */
  write(data: string | Uint8Array): Promise<void>;
  /** Everything else; with a newline added. */
  note(text: string): void;
  /** The same without one: what is drawn over, such as a progress bar. */
  draw(text: string): void;
  /** Asks a person; null where there is none. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Which of the three a person sits at. */
  readonly isTerminal: { readonly input: boolean; readonly out: boolean; readonly notes: boolean };
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Somebody wants it to end, by Ctrl-C, say. The reason is the exit code. */
  readonly signal: AbortSignal;
}

/** https://no-color.org; and a terminal that can do nothing says so. */
export const hasColours = ({ env, isTerminal }: Terminal): boolean =>
  isTerminal.out && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
