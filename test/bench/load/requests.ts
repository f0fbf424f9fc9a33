import { dialects, type Dialect } from './dialects.ts';
import type { OpenEndedPlan } from './plan.ts';
import type { Request } from './request.ts';

export interface PlannedRequest extends Request {
  readonly kind: 'get' | 'put';
  /** The first that it is about. */
  readonly item: number;
}

/** A prime, and no number of keys is a multiple of it: all of them come, each far from the one before. */
const STRIDE = 7919;

/** All requests of a plan, made before it begins, and the order in which they go out. */
export class Requests {
  /** All writes; each key is in one of them. */
  readonly puts: readonly PlannedRequest[];
  readonly #gets: readonly PlannedRequest[];
  readonly #getShare: number;
  #sentGets = 0;
  #sentPuts = 0;

  constructor(plan: OpenEndedPlan) {
    const dialect: Dialect = dialects[plan.dialect];
    const { getShare } = plan;
    this.#getShare = getShare;
    this.#gets = getShare === 0 ? [] : every(plan, 1, (item) => ({ ...dialect.get(item, plan), kind: 'get', item }));
    const put = (item: number): PlannedRequest => ({ ...dialect.put(item, plan), kind: 'put', item });
    this.puts = getShare === 1 ? [] : every(plan, dialect.keysPerPut, put);
  }

  next(): PlannedRequest {
    // Reads and writes by turns, so that at no time one kind is much ahead of its share.
    const isGet = this.#sentGets < this.#getShare * (this.#sentGets + this.#sentPuts + 1);
    const list = isGet ? this.#gets : this.puts;
    const number = isGet ? (this.#sentGets += 1) : (this.#sentPuts += 1);
    return list[(number * STRIDE) % list.length] as PlannedRequest;
  }
}

function every(
  { keys, apart = 1 }: OpenEndedPlan,
  step: number,
  make: (item: number) => PlannedRequest,
): readonly PlannedRequest[] {
  return Array.from({ length: Math.ceil(keys / step) }, (_, at) => make(at * step * apart));
}
