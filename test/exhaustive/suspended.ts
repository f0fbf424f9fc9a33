import inspector from 'node:inspector';

/**
 * Where a suspended generator stands and what its locals hold. The language does not tell, the debugger does: V8 keeps
 * both for it. So the state of an errand can be compared exactly, like everything else of a replica.
 */
export interface Suspended {
  /** Function, line and column in the loaded source. */
  readonly at: string;
  readonly locals: readonly (readonly [string, unknown])[];
}

interface InternalProperty {
  readonly name: string;
  readonly value?: { readonly value?: unknown; readonly description?: string; readonly objectId?: string };
}

const HAND_OVER = 'kvstoreExhaustiveHandOver';
const GROUP = 'errands';
const shared = globalThis as unknown as Record<string, unknown>;

/** A local that is not initialised yet cannot be read, and says so by an exception. */
const COPY = `function () {
  const scope = {};
  for (const name of Object.keys(this.object)) try { scope[name] = this.object[name]; } catch {}
  ${HAND_OVER}.push(scope);
}`;

/** Scopes that are a generator's own; the others are the module's and the world's. */
const OWN_SCOPES = /^(Local|Block|Catch|Closure)\b/;

export class Debugger {
  readonly #session = new inspector.Session();

  constructor() {
    this.#session.connect();
  }

  /** null: it has ended. */
  look(generator: Generator<unknown, unknown, unknown>): Suspended | null {
    shared[HAND_OVER] = generator;
    const { result } = this.#post('Runtime.evaluate', { expression: HAND_OVER, objectGroup: GROUP }) as {
      result: { objectId: string };
    };
    const { internalProperties } = this.#post('Runtime.getProperties', {
      objectId: result.objectId,
      ownProperties: true,
    }) as { internalProperties: InternalProperty[] };
    const property = (name: string) => internalProperties.find((candidate) => candidate.name === `[[${name}]]`)?.value;
    if (property('GeneratorState')?.value === 'closed') {
      this.#release();
      return null;
    }
    const location = property('GeneratorLocation')?.value as { lineNumber: number; columnNumber: number } | undefined;
    const scopes = property('Scopes')?.objectId;
    if (location === undefined || scopes === undefined) throw new Error('the debugger does not know the generator');
    const collected: Record<string, unknown>[] = [];
    shared[HAND_OVER] = collected;
    const { result: listed } = this.#post('Runtime.getProperties', { objectId: scopes, ownProperties: true }) as {
      result: InternalProperty[];
    };
    for (const { value } of listed) {
      if (value?.objectId === undefined || !OWN_SCOPES.test(value.description ?? '')) continue;
      this.#post('Runtime.callFunctionOn', {
        objectId: value.objectId,
        functionDeclaration: COPY,
      });
    }
    this.#release();
    const name = /^\*?(?:async )?\*?\s*(\w+)/.exec(property('GeneratorFunction')?.description ?? '')?.[1] ?? '';
    return {
      at: `${name}:${location.lineNumber}:${location.columnNumber}`,
      locals: collected.flatMap((scope) => Object.entries(scope)),
    };
  }

  close(): void {
    this.#session.disconnect();
  }

  #release(): void {
    shared[HAND_OVER] = null;
    this.#post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  }

  /** Within one thread the debugger answers at once. */
  #post(method: string, parameters: Record<string, unknown>): unknown {
    let answer: { readonly error: Error | null; readonly result: unknown } | null = null;
    this.#session.post(method, parameters, (error, result) => {
      answer = { error, result };
    });
    const { error, result } = answer ?? { error: new Error('the debugger did not answer at once'), result: null };
    if (error !== null) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }
}
