import { isDeepStrictEqual } from 'node:util';
import { isObject, without, type JsonObject } from '../json.ts';
import { objectMeta } from '../metadata.ts';
import { raw, struct } from '../shape.ts';
import { fieldForbidden, fieldRequired, type FieldError } from '../status.ts';
import { countGeneration, text, withGeneration, type KubeObject, type Resource } from './resource.ts';

/**
 * Nothing runs a pod here: whoever starts the processes writes its status. Spec and status are kept as they are sent,
 * with the few defaults that somebody looks at; the real ones have some hundred fields.
 */
export const pod: Resource = {
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  shape: struct('Pod', { metadata: objectMeta, spec: raw, status: raw }),
  replaceCreates: false,
  replaceNeedsVersion: false,
  lifetimeMs: null,
  fields(object) {
    const [spec, status] = [specOf(object), statusOf(object)];
    return {
      'spec.nodeName': text(spec['nodeName']),
      'spec.restartPolicy': text(spec['restartPolicy']),
      'spec.schedulerName': text(spec['schedulerName']),
      'spec.serviceAccountName': text(spec['serviceAccountName']),
      'status.phase': text(status['phase']),
      'status.podIP': text(status['podIP']),
      'status.nominatedNodeName': text(status['nominatedNodeName']),
    };
  },
  prepareCreate: (object) =>
    withGeneration({ ...withDefaults(object), status: { phase: 'Pending', qosClass: 'BestEffort' } }, 1),
  prepareReplace: (object, existing) =>
    countGeneration({ ...withDefaults(object), status: statusOf(existing) }, existing),
  status: {
    prepareReplace(object, existing) {
      const { labels: _labels, annotations: _annotations, ...kept } = existing.metadata;
      const { labels, annotations } = object.metadata;
      const metadata = {
        ...kept,
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
      };
      return {
        ...existing,
        metadata,
        status: { phase: 'Pending', qosClass: 'BestEffort', ...statusOf(object) },
      };
    },
  },
  gracefulDeletion: {
    graceSeconds(object, asked) {
      // No kubelet has it, or its containers have ended: nobody needs time.
      if (text(specOf(object)['nodeName']) === '') return 0;
      if (['Succeeded', 'Failed'].includes(text(statusOf(object)['phase']))) return 0;
      const own = specOf(object)['terminationGracePeriodSeconds'];
      const seconds = asked ?? (typeof own === 'number' ? own : 30);
      return seconds < 0 ? 1 : seconds;
    },
  },
  validate(object, existing) {
    const errors: FieldError[] = [];
    const containers = containersOf(object);
    if (containers.length === 0) errors.push(fieldRequired('spec.containers'));
    containers.forEach((container, at) => {
      for (const field of ['name', 'image']) {
        if (text(container[field]) === '') errors.push(fieldRequired(`spec.containers[${at}].${field}`));
      }
    });
    if (existing !== null && !isDeepStrictEqual(lasting(object), lasting(existing))) {
      errors.push(
        fieldForbidden(
          'spec',
          'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
        ),
      );
    }
    return errors;
  },
};

const specOf = (object: KubeObject): JsonObject => (isObject(object['spec']) ? object['spec'] : {});
const statusOf = (object: KubeObject): JsonObject => (isObject(object['status']) ? object['status'] : {});

function containersOf(object: KubeObject): readonly JsonObject[] {
  const { containers } = specOf(object);
  return Array.isArray(containers) ? containers.filter(isObject) : [];
}

const withDefaults = (object: KubeObject): KubeObject => ({
  ...object,
  spec: {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
    ...specOf(object),
  },
});

/** What of a spec never changes. */
const lasting = (object: KubeObject): unknown => ({
  ...without(specOf(object), 'activeDeadlineSeconds', 'tolerations', 'initContainers'),
  containers: containersOf(object).map((container) => without(container, 'image')),
});
