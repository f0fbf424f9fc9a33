/** The parts of the Prometheus operator's resource types that `k8s/components/monitoring` uses; a field more is refused. */

interface Schema {
  readonly type: string;
  readonly [keyword: string]: unknown;
}

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'object', additionalProperties: text };
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const struct = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
});

const serviceMonitor = struct(
  {
    selector: struct({ matchLabels: texts }),
    endpoints: listOf(struct({ port: text, path: text, interval: text, scheme: text })),
    namespaceSelector: struct({ matchNames: listOf(text) }),
  },
  ['selector', 'endpoints'],
);

const rule = struct({ alert: text, record: text, expr: text, for: text, labels: texts, annotations: texts }, ['expr']);
const prometheusRule = struct({
  groups: listOf(struct({ name: text, interval: text, rules: listOf(rule) }, ['name'])),
});

const resourceType = (kind: string, plural: string, spec: Schema) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.monitoring.coreos.com` },
  spec: {
    group: 'monitoring.coreos.com',
    names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: struct({ spec }, ['spec']) } }],
  },
});

export const PROMETHEUS_OPERATOR_TYPES = [
  resourceType('ServiceMonitor', 'servicemonitors', serviceMonitor),
  resourceType('PrometheusRule', 'prometheusrules', prometheusRule),
];
