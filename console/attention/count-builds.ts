import type { Instance } from '../api/types';

/** Counts the builds that run. A silent instance has ended, such as those of the build before an update. */
export const countBuilds = (instances: readonly Pick<Instance, 'state' | 'buildId'>[]): number =>
  new Set(instances.filter(({ state }) => state !== 'silent').map(({ buildId }) => buildId)).size;
