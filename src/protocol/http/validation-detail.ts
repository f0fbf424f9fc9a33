import type { ErrorObject } from 'ajv/dist/2020.js';

import { KEY_BYTES_MAX } from './key-path.ts';
import { explainJsonError } from './python-json.ts';

/** One entry of a 422 of FastAPI, in the words of pydantic 2. */
export interface ValidationDetail {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

export type BodyPart = 'body' | 'query' | 'path';

export const missingBody: ValidationDetail = { type: 'missing', loc: ['body'], msg: 'Field required', input: null };

export const missingParameter = (name: string): ValidationDetail => ({
  type: 'missing',
  loc: ['query', name],
  msg: 'Field required',
  input: null,
});

/** A body whose Content-Type is not JSON reaches pydantic as text. */
export const notAnObject = (input: unknown): ValidationDetail => ({
  type: 'model_attributes_type',
  loc: ['body'],
  msg: 'Input should be a valid dictionary or object to extract fields from',
  input,
});

export const emptyKey = (loc: ValidationDetail['loc']): ValidationDetail => ({
  type: 'string_too_short',
  loc,
  msg: 'String should have at least 1 character',
  input: '',
  ctx: { min_length: 1 },
});

export const keyTooLong = (loc: ValidationDetail['loc'], input: string): ValidationDetail => ({
  type: 'bytes_too_long',
  loc,
  msg: `Data should have at most ${KEY_BYTES_MAX} bytes`,
  input,
  ctx: { max_length: KEY_BYTES_MAX },
});

/** A lone surrogate, or bytes that are not UTF-8. */
export const notUnicode = (loc: ValidationDetail['loc'], input: string): ValidationDetail => ({
  type: 'string_unicode',
  loc,
  msg: 'Input should be a valid string, unable to parse raw data as a unicode string',
  input,
});

export const notAUuid = (loc: ValidationDetail['loc'], input: string, reason: string): ValidationDetail => ({
  type: 'uuid_parsing',
  loc,
  msg: `Input should be a valid UUID, ${reason}`,
  input,
  ctx: { error: reason },
});

export const otherUuidVersion = (loc: ValidationDetail['loc'], input: string, expected: number): ValidationDetail => ({
  type: 'uuid_version',
  loc,
  msg: `UUID version ${expected} expected`,
  input,
  ctx: { expected_version: expected },
});

/** null: nested so deeply that FastAPI answers with another error. */
export function invalidJson(text: string): ValidationDetail | null {
  const error = explainJsonError(text);
  if (error === null) return null;
  return {
    type: 'json_invalid',
    loc: ['body', error.position],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: error.message },
  };
}

/** What is wrong with a body, field by field in the order of the model, as pydantic says it. */
export function bodyDetails(errors: readonly ErrorObject[], fields: readonly string[]): readonly ValidationDetail[] {
  const place = (detail: ValidationDetail): number => fields.indexOf(String(detail.loc[1]));
  return errors.map((error) => validationDetail(error, 'body')).sort((a, b) => place(a) - place(b));
}

/** ajv's error in pydantic's words. */
export function validationDetail(error: ErrorObject, place: BodyPart): ValidationDetail {
  const loc = [place, ...error.instancePath.split('/').slice(1)];
  const input: unknown = error.data;
  switch (error.keyword) {
    case 'required':
      return { type: 'missing', loc: [...loc, String(error.params['missingProperty'])], msg: 'Field required', input };
    case 'type':
      if (error.params['type'] === 'object') return notAnObject(input);
      return { type: 'string_type', loc, msg: 'Input should be a valid string', input };
    case 'minLength':
      return emptyKey(loc);
    case 'maxLength':
      return {
        type: 'int_parsing_size',
        loc,
        msg: 'Unable to parse input string as an integer, exceeded maximum size',
        input,
      };
    default:
      return {
        type: 'int_parsing',
        loc,
        msg: 'Input should be a valid integer, unable to parse string as an integer',
        input,
      };
  }
}

/** The number that a text which its schema has passed stands for, as Python writes it. */
export function canonicalInteger(text: string): string {
  const digits = text.trim().replaceAll('_', '').replace(/\..*$/, '');
  return String(BigInt(digits.startsWith('+') ? digits.slice(1) : digits));
}
