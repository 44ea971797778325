import { join } from 'node:path';

export type BundledWorkflow = 'place-order' | 'refund-payment';

/** Where `npm run build` puts the bundle of a workflow for its worker. */
export function bundlePath(workflow: BundledWorkflow): string {
  return join(require.resolve('@shop/workflows/package.json'), '..', 'dist', `${workflow}.bundle.js`);
}
