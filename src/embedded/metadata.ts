import type { JsonObject } from './json.ts';
import { bool, int64, list, pointer, string, stringMap, struct, time } from './shape.ts';
import { fieldInvalid, fieldRequired, fieldTooLong, type FieldError } from './status.ts';

export interface ObjectMeta extends JsonObject {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** As a client may send it: anything can be missing. */
export type SentMeta = Partial<ObjectMeta> & { readonly generateName?: string };

export const objectMeta = struct('ObjectMeta', {
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: int64,
  creationTimestamp: time,
  deletionTimestamp: pointer(time),
  deletionGracePeriodSeconds: pointer(int64),
  labels: stringMap,
  annotations: stringMap,
  ownerReferences: list(
    struct('OwnerReference', {
      apiVersion: string,
      kind: string,
      name: string,
      uid: string,
      controller: pointer(bool),
      blockOwnerDeletion: pointer(bool),
    }),
  ),
  finalizers: list(string),
  managedFields: list({ kind: 'raw', empty: 'omitted' }),
});

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_PART_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

export function validateMetadata(metadata: SentMeta): FieldError[] {
  const errors: FieldError[] = [];
  const name = metadata.name ?? '';
  if (name === '') errors.push(fieldRequired('metadata.name', 'name or generateName is required'));
  else errors.push(...validateSubdomain('metadata.name', name));

  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    errors.push(...validateQualifiedName('metadata.labels', key));
    if (value.length > 63) errors.push(fieldInvalid('metadata.labels', value, 'must be no more than 63 bytes'));
    if (value !== '' && !NAME_PART.test(value)) {
      errors.push(fieldInvalid('metadata.labels', value, LABEL_VALUE_RULE));
    }
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    errors.push(...validateQualifiedName('metadata.annotations', key.toLowerCase()));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) {
    errors.push(fieldTooLong('metadata.annotations', `may not be more than ${ANNOTATIONS_BYTES_MAX} bytes`));
  }
  return errors;
}

function validateSubdomain(field: string, value: string): FieldError[] {
  const errors: FieldError[] = [];
  if (value.length > 253) errors.push(fieldInvalid(field, value, 'must be no more than 253 characters'));
  if (!SUBDOMAIN.test(value)) errors.push(fieldInvalid(field, value, SUBDOMAIN_RULE));
  return errors;
}

/** `prefix.example/name`; the prefix may be missing. */
function validateQualifiedName(field: string, key: string): FieldError[] {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  const errors: FieldError[] = [];
  if (slash !== -1 && !SUBDOMAIN.test(key.slice(0, slash))) {
    errors.push(fieldInvalid(field, key, `prefix part ${SUBDOMAIN_RULE}`));
  }
  if (name === '') errors.push(fieldInvalid(field, key, 'name part must be non-empty'));
  if (name.length > 63) errors.push(fieldInvalid(field, key, 'name part must be no more than 63 bytes'));
  if (!NAME_PART.test(name)) errors.push(fieldInvalid(field, key, NAME_PART_RULE));
  return errors;
}
