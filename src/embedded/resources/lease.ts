import { isObject } from '../json.ts';
import { objectMeta } from '../metadata.ts';
import { int32, microTime, pointer, string, struct } from '../shape.ts';
import { fieldInvalid, type FieldError } from '../status.ts';
import type { KubeObject, Resource } from './resource.ts';

export const lease: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  shape: struct('Lease', {
    metadata: objectMeta,
    spec: struct('LeaseSpec', {
      holderIdentity: pointer(string),
      leaseDurationSeconds: pointer(int32),
      acquireTime: pointer(microTime),
      renewTime: pointer(microTime),
      leaseTransitions: pointer(int32),
      strategy: pointer(string),
      preferredHolder: pointer(string),
    }),
  }),
  // Together with the version that is not compared when there is nothing to compare it with, this is why a replace
  // without a uid brings a deleted Lease back.
  replaceCreates: true,
  replaceNeedsVersion: true,
  status: null,
  gracefulDeletion: null,
  lifetimeMs: null,
  fields: () => ({}),
  prepareCreate: withoutCoordination,
  // A generation stays what the creator said, whatever that was: nothing of the server counts it.
  prepareReplace: (object, existing) => ({
    ...withoutCoordination(object),
    metadata: {
      ...object.metadata,
      ...(existing.metadata.generation === undefined ? {} : { generation: existing.metadata.generation }),
    },
  }),
  validate(object) {
    const spec = isObject(object['spec']) ? object['spec'] : {};
    const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
    const errors: FieldError[] = [];
    if (typeof duration === 'number' && duration <= 0) {
      errors.push(fieldInvalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    }
    if (typeof transitions === 'number' && transitions < 0) {
      errors.push(fieldInvalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
    }
    return errors;
  },
};

/** Both fields belong to coordinated leader election, which is off unless somebody turns its feature gate on. */
function withoutCoordination(object: KubeObject): KubeObject {
  if (!isObject(object['spec'])) return object;
  const { strategy: _strategy, preferredHolder: _preferredHolder, ...spec } = object['spec'];
  return { ...object, spec };
}
