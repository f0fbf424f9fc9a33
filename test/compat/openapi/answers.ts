import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

import type { Json, ShownOperation } from './document.ts';
import type { Answer } from './exchange.ts';

/** Answers that say that something is missing or full; any other from 500 on is a fault. */
const UNAVAILABLE = [503, 507];

/** Those that say something of ours. What HTTP itself needs, and what only tells a browser what not to do, stands in no document. */
const OF_OURS = /^(?:x-(?!content-type-options)|etag$|last-modified$|retry-after$|location$|vary$|allow$)/;

/** Says what in an answer is not as the document has it. */
export class AnswerCheck {
  readonly #ajv = new Ajv2020({ strict: false, validateSchema: false });
  readonly #headers = new Ajv2020({ strict: false, coerceTypes: true });
  readonly #compiled = new Map<Json, ValidateFunction>();

  constructor(document: Json) {
    this.#ajv.addSchema(closed(document) as Json, 'document');
  }

  violations(operation: ShownOperation, answer: Answer): string[] {
    const { status } = answer;
    const response = operation.responses[String(status)];
    if (response === undefined) return [`no ${status} is documented`];
    const wrong = status >= 500 && !UNAVAILABLE.includes(status) ? [`${status} is a fault`] : [];
    for (const [name, value] of Object.entries(answer.headers)) {
      if (!OF_OURS.test(name)) continue;
      const header = response.headers?.[name];
      if (header === undefined) wrong.push(`the header ${name} is not documented for ${status}`);
      else if (!this.#headers.validate({ properties: { value: header.schema } }, { value }))
        wrong.push(`the header ${name}: ${this.#headers.errorsText()}`);
    }
    return [...wrong, ...this.#wrongBody(operation, answer)];
  }

  #wrongBody({ method, responses }: ShownOperation, { status, headers, body }: Answer): string[] {
    const content = responses[String(status)]?.content ?? {};
    const type = headers['content-type']?.replace(/\s*;.*$/s, '');
    if (type === undefined) return body.length === 0 ? [] : ['a body without Content-Type'];
    const documented = type in content ? type : '*/*' in content ? '*/*' : null;
    if (documented === null) return [`the type ${type} is not documented for ${status}`];
    if (method === 'HEAD') return body.length === 0 ? [] : ['a body after HEAD'];
    if (documented === '*/*') return [];
    const text = body.toString('utf8');
    const value: unknown = /[/+]json$/.test(type) ? JSON.parse(text) : text;
    const validate = this.#validator(content[documented]?.schema ?? {});
    return validate(value) ? [] : [`${this.#ajv.errorsText(validate.errors)}: ${text.slice(0, 300)}`];
  }

  #validator(schema: Json): ValidateFunction {
    const known = this.#compiled.get(schema);
    if (known !== undefined) return known;
    const compiled = this.#ajv.compile(closed(schema) as Json);
    this.#compiled.set(schema, compiled);
    return compiled;
  }
}

/**
 * What the document does not name must not be there: clients may not rely on that, but then the document is complete. And
 * references name the document, for a part that is looked at alone.
 */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== 'object' || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)]));
  const reference = copy['$ref'];
  if (typeof reference === 'string') return { $ref: `document${reference}` };
  const isOpen = copy['type'] === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}
