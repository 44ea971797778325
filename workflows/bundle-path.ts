import { join } from 'node:path';

export type BundledWorkflow = 'place-order' | 'refund-payment';

/** Returns the file of a workflow by its type, as histories name it. The default is the saga. */
export const bundledWorkflowOf = (workflowType: string | null | undefined): BundledWorkflow =>
  workflowType === 'refundPayment' ? 'refund-payment' : 'place-order';

/** Returns the paths of a workflow's bundles, which `npm run build` writes: for workers that do not trace, and that do. */
export const bundlePaths = (workflow: BundledWorkflow): { plain: string; traced: string } => ({
  plain: bundlePath(workflow),
  traced: fileOf(`${workflow}.traced`),
});

/** Returns the path of the bundle for workers that do not trace. */
export const bundlePath = (workflow: BundledWorkflow): string => fileOf(workflow);

const fileOf = (name: string): string =>
  join(require.resolve('@shop/workflows/package.json'), '..', 'dist', `${name}.bundle.js`);
