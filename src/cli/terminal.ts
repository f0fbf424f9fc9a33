/** What a command line has around it. */
export interface Terminal {
  /** Results; with a newline added. */
  out(text: string): void;
  /** Everything else. */
  note(text: string): void;
  /** Asks a person; null where there is none. */
  readonly ask: ((question: string) => Promise<string>) | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}
