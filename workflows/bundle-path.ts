import { join } from 'node:path';

export type BundledWorkflow = 'place-order' | 'refund-payment';

/** Returns the path of a workflow's bundle, which `npm run build` writes and a worker loads. */
export function bundlePath(workflow: BundledWorkflow): string {
  return join(require.resolve('@shop/workflows/package.json'), '..', 'dist', `${workflow}.bundle.js`);
}
