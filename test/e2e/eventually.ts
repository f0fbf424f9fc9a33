import { until, type UntilOptions } from '../measure/until.ts';

/** As `until`; a look that fails, for the API server is busy or away, is one that has not seen it yet. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  options: UntilOptions = {},
): Promise<void> {
  let lastError: unknown = null;
  const looks = async (): Promise<boolean> => {
    try {
      return await holds();
    } catch (error) {
      lastError = error;
      return false;
    }
  };
  try {
    await until(what, looks, options);
  } catch (error) {
    throw lastError === null ? error : new Error((error as Error).message, { cause: lastError });
  }
}
