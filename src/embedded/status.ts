import type { JsonObject } from './json.ts';

/** An answer that is not the object asked for. The HTTP layer turns it into a `Status` body, as clients of Kubernetes know it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string | null;
  readonly details: JsonObject | null;
  /** Where a list that expired may go on. */
  readonly continueToken: string | null;

  constructor(failure: {
    readonly code: number;
    /** null: the real server gives none, as with every error it did not foresee. */
    readonly reason: string | null;
    readonly message: string;
    readonly details?: JsonObject;
    readonly continueToken?: string;
  }) {
    super(failure.message);
    this.code = failure.code;
    this.reason = failure.reason;
    this.details = failure.details ?? null;
    this.continueToken = failure.continueToken ?? null;
  }

  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === null ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      ...(this.reason === null ? {} : { reason: this.reason }),
      ...(this.details === null ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** What an error says that it is about: a resource (`leases`) or a kind (`Lease`), as the real server has it in each case. */
export interface Subject {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

export interface FieldError {
  readonly field: string;
  readonly reason:
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueRequired'
    | 'FieldValueTooLong';
  readonly message: string;
}

export const fieldRequired = (field: string, detail = ''): FieldError => ({
  field,
  reason: 'FieldValueRequired',
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
});

export const fieldInvalid = (field: string, value: string | number, detail: string): FieldError => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
});

export const fieldForbidden = (field: string, detail: string): FieldError => ({
  field,
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
});

export const fieldNotSupported = (field: string, value: string, supported: readonly string[]): FieldError => ({
  field,
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((each) => `"${each}"`).join(', ')}`,
});

export const fieldTooLong = (field: string, detail: string): FieldError => ({
  field,
  reason: 'FieldValueTooLong',
  message: `Too long: ${detail}`,
});

export const fieldDuplicate = (field: string, value: string): FieldError => ({
  field,
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${JSON.stringify(value)}`,
});

const qualified = ({ group, kind }: Subject): string => (group === '' ? kind : `${kind}.${group}`);

function detailsOf({ group, kind, name }: Subject): JsonObject {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind };
}

export const badRequest = (message: string): ApiError => new ApiError({ code: 400, reason: 'BadRequest', message });

export const notFound = (subject: Subject): ApiError =>
  new ApiError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(subject)} "${subject.name}" not found`,
    details: detailsOf(subject),
  });

export const noSuchResource = (): ApiError =>
  new ApiError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });

export const methodNotAllowed = (): ApiError =>
  new ApiError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });

export const notAcceptable = (): ApiError =>
  new ApiError({
    code: 406,
    reason: 'NotAcceptable',
    message: '406: Not Acceptable\n\nAvailable representations: application/json',
    details: {},
  });

export const alreadyExists = (subject: Subject, prefix = ''): ApiError =>
  new ApiError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${prefix}${qualified(subject)} "${subject.name}" already exists`,
    details: detailsOf(subject),
  });

export const conflict = (subject: Subject, why: string): ApiError =>
  new ApiError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name}": ${why}`,
    details: detailsOf(subject),
  });

export const expired = (message: string, continueToken?: string): ApiError =>
  new ApiError({
    code: 410,
    reason: 'Expired',
    message,
    ...(continueToken === undefined ? {} : { continueToken }),
  });

export const tooLarge = (bytesMax: number): ApiError =>
  new ApiError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: limit is ${bytesMax}`,
  });

export const unsupportedMediaType = (): ApiError =>
  new ApiError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: 'the body of the request was in an unknown format - accepted media types include: application/json',
  });

export function invalid(subject: Subject, errors: readonly FieldError[]): ApiError {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  return new ApiError({
    code: 422,
    reason: 'Invalid',
    message: `${qualified(subject)} "${subject.name}" is invalid: ${texts.length === 1 ? texts.join() : `[${texts.join(', ')}]`}`,
    details: {
      ...detailsOf(subject),
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  });
}

/** What the real server says where it did not foresee the error; the code says nothing more than "your request". */
export const unforeseen = (message: string): ApiError => new ApiError({ code: 500, reason: null, message });

export const versionTooLarge = (asked: number, current: number): ApiError =>
  new ApiError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
