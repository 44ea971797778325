import { join } from 'node:path';

export type BundledWorkflow = 'place-order' | 'refund-payment';

/** Returns the file of a workflow by its type, as histories name it. The default is the saga. */
export const bundledWorkflowOf = (workflowType: string | null | undefined): BundledWorkflow =>
  workflowType === 'refundPayment' ? 'refund-payment' : 'place-order';

/** Returns the path of a workflow's bundle, which `npm run build` writes and a worker loads. */
export function bundlePath(workflow: BundledWorkflow): string {
  return join(require.resolve('@shop/workflows/package.json'), '..', 'dist', `${workflow}.bundle.js`);
}
