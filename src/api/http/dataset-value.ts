import type { Key } from '../../core/base/key.ts';
import type { ApiContext } from './context.ts';
import { bufferOf } from './keys.ts';
import { sendDetail, type RawHeaders } from './respond.ts';
import { refusalOf } from './unavailable.ts';
import type { ApiResponse } from './exchange.ts';

/** What a data file has under a key, as text, which each of its values is; and the headers that name whose file it is. */
export interface DatasetValue {
  /** null: nothing, so that the store is to be asked. */
  readonly value: string | null;
  readonly headers: RawHeaders;
}

/** null: no file can be asked now, and the answer that says so is on its way. */
export async function datasetValue(context: ApiContext, response: ApiResponse, key: Key): Promise<DatasetValue | null> {
  const result = await context.operations.lookUp(key);
  if (result.kind === 'unavailable') {
    sendDetail(response, refusalOf(result, context.metrics));
    return null;
  }
  const { outcome, servedBy } = result;
  const headers = servedBy === null ? [] : ['X-Server-Used', servedBy];
  return { value: outcome.kind === 'found' ? bufferOf(outcome.value).toString('utf8') : null, headers };
}
