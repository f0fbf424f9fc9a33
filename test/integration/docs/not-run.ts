/** Blocks of the pages that no test runs, and why. A block that is added to a page is run, or stands here. */
export interface NotRun {
  readonly page: string;
  readonly language: string;
  readonly blocks: number;
  readonly because: string;
}

export const NOT_RUN: readonly NotRun[] = [];
