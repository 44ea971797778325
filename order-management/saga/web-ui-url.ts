/** Returns the URL of a workflow in Temporal's Web UI: of its latest run. */
export const webUiUrlOf = (webUi: string, namespace: string, workflowId: string): string =>
  `${webUi}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
