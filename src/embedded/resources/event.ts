import { isObject } from '../json.ts';
import { objectMeta } from '../metadata.ts';
import { int32, microTime, pointer, shown, string, struct, time } from '../shape.ts';
import { fieldInvalid, fieldRequired, type FieldError } from '../status.ts';
import { text, type KubeObject, type Resource } from './resource.ts';

const reference = struct('ObjectReference', {
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  apiVersion: string,
  resourceVersion: string,
  fieldPath: string,
});

export const event: Resource = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  shape: struct('Event', {
    metadata: objectMeta,
    involvedObject: reference,
    reason: string,
    message: string,
    source: struct('EventSource', { component: string, host: string }),
    firstTimestamp: shown(time),
    lastTimestamp: shown(time),
    count: int32,
    type: string,
    eventTime: shown(microTime),
    series: pointer(struct('EventSeries', { count: int32, lastObservedTime: shown(microTime) })),
    action: string,
    related: pointer(reference),
    reportingComponent: shown(string),
    reportingInstance: shown(string),
  }),
  replaceCreates: true,
  replaceNeedsVersion: false,
  status: null,
  gracefulDeletion: null,
  // As `--event-ttl` of the real server says by default.
  lifetimeMs: 3_600_000,
  fields(object) {
    const about = involved(object);
    const source = isObject(object['source']) ? object['source'] : {};
    return {
      'involvedObject.kind': text(about['kind']),
      'involvedObject.namespace': text(about['namespace']),
      'involvedObject.name': text(about['name']),
      'involvedObject.uid': text(about['uid']),
      'involvedObject.apiVersion': text(about['apiVersion']),
      'involvedObject.resourceVersion': text(about['resourceVersion']),
      'involvedObject.fieldPath': text(about['fieldPath']),
      reason: text(object['reason']),
      reportingComponent: text(object['reportingComponent']),
      source: text(source['component']),
      type: text(object['type']),
    };
  },
  prepareCreate: (object) => object,
  prepareReplace: (object) => object,
  validate(object) {
    const errors: FieldError[] = [];
    const about = involved(object);
    const namespace = text(about['namespace']);
    // Whoever says when the event happened writes the newer kind, and that asks for more.
    if (object['eventTime'] !== null) {
      for (const field of ['reportingComponent', 'reportingInstance', 'action', 'reason']) {
        if (text(object[field]) === '') errors.push(fieldRequired(field));
      }
    } else if (Object.keys(about).length > 0 && namespace !== '' && namespace !== object.metadata.namespace) {
      errors.push(fieldInvalid('involvedObject.namespace', namespace, 'does not match event.namespace'));
    }
    return errors;
  },
};

const involved = (object: KubeObject) => (isObject(object['involvedObject']) ? object['involvedObject'] : {});
