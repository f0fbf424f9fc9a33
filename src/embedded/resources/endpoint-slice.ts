import { isIPv4, isIPv6 } from 'node:net';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { objectMeta } from '../metadata.ts';
import { bool, int32, list, pointer, raw, shown, string, stringMap, struct } from '../shape.ts';
import { fieldDuplicate, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '../status.ts';
import { countGeneration, text, withGeneration, type KubeObject, type Resource } from './resource.ts';

export const endpointSlice: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  shape: struct('EndpointSlice', {
    metadata: objectMeta,
    addressType: string,
    endpoints: shown(
      list(
        struct('Endpoint', {
          addresses: shown(list(string)),
          conditions: struct('EndpointConditions', {
            ready: pointer(bool),
            serving: pointer(bool),
            terminating: pointer(bool),
          }),
          hostname: pointer(string),
          targetRef: pointer(
            struct('ObjectReference', {
              kind: string,
              namespace: string,
              name: string,
              uid: string,
              apiVersion: string,
              resourceVersion: string,
              fieldPath: string,
            }),
          ),
          deprecatedTopology: stringMap,
          nodeName: pointer(string),
          zone: pointer(string),
          hints: pointer(raw),
        }),
      ),
    ),
    ports: shown(
      list(
        struct('EndpointPort', {
          name: pointer(string),
          protocol: pointer(string),
          port: pointer(int32),
          appProtocol: pointer(string),
        }),
      ),
    ),
  }),
  replaceCreates: false,
  replaceNeedsVersion: false,
  status: null,
  gracefulDeletion: null,
  lifetimeMs: null,
  fields: () => ({}),
  prepareCreate: (object) => withGeneration(withDefaults(object), 1),
  prepareReplace: (object, existing) =>
    countGeneration(withDefaults(object), existing, ({ metadata }) => metadata.labels ?? {}),
  validate(object, existing) {
    const addressType = text(object['addressType']);
    const errors: FieldError[] = [];
    listOf(object['endpoints']).forEach((endpoint, at) => {
      errors.push(...validateAddresses(endpoint['addresses'] ?? null, addressType, `endpoints[${at}].addresses`));
    });
    errors.push(...validatePorts(listOf(object['ports'])));
    if (addressType === '') errors.push(fieldRequired('addressType'));
    else if (!(addressType in ADDRESS_CHECKS)) {
      errors.push(fieldNotSupported('addressType', addressType, Object.keys(ADDRESS_CHECKS)));
    }
    if (existing !== null && existing['addressType'] !== addressType) {
      errors.push(fieldInvalid('addressType', addressType, 'field is immutable'));
    }
    return errors;
  },
};

function withDefaults(object: KubeObject): KubeObject {
  const ports = listOf(object['ports']).map((port) => ({
    ...port,
    name: port['name'] ?? '',
    protocol: port['protocol'] ?? 'TCP',
  }));
  return { ...object, ports: ports.length === 0 ? null : ports };
}

/**
 * Loopback addresses are taken, against the real server's rule: here they are where the replicas on a laptop listen
 * (docs/decisions/0002).
 */
const ADDRESS_CHECKS: Readonly<Record<string, (address: string, field: string) => FieldError[]>> = {
  FQDN: (address, field) =>
    address.includes('.')
      ? []
      : [fieldInvalid(field, address, 'should be a domain with at least two segments separated by dots')],
  IPv4: (address, field) => (isIPv4(address) ? [] : [wrongAddress(address, field, 'IPv4')]),
  IPv6: (address, field) => (isIPv6(address) ? [] : [wrongAddress(address, field, 'IPv6')]),
};

const wrongAddress = (address: string, field: string, family: string): FieldError =>
  isIPv4(address) || isIPv6(address)
    ? fieldInvalid(field, address, `must be an ${family} address`)
    : fieldInvalid(field, address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');

function validateAddresses(addresses: Json, type: string, field: string): FieldError[] {
  if (!Array.isArray(addresses) || addresses.length === 0) {
    return [fieldRequired(field, 'must contain at least 1 address')];
  }
  return addresses.flatMap((address, at) => ADDRESS_CHECKS[type]?.(text(address), `${field}[${at}]`) ?? []);
}

const PORT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const PORT_NAME_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** A port number is not looked at: the real server does not either. */
function validatePorts(ports: readonly JsonObject[]): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports.forEach((port, at) => {
    const name = text(port['name']);
    const protocol = text(port['protocol']);
    if (name !== '' && (name.length > 63 || !PORT_NAME.test(name))) {
      errors.push(fieldInvalid(`ports[${at}].name`, name, PORT_NAME_RULE));
    }
    if (names.has(name)) errors.push(fieldDuplicate(`ports[${at}].name`, name));
    names.add(name);
    if (!PROTOCOLS.includes(protocol)) {
      errors.push(fieldNotSupported(`ports[${at}].protocol`, protocol, PROTOCOLS));
    }
  });
  return errors;
}

const listOf = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
