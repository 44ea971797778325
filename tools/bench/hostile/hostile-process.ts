import type { HostileLoadName } from './hostile-loads';
import { hostileLoads } from './hostile-loads';

/** Applies a load to order-management on a port. */
export interface HostileTask {
  name: HostileLoadName;
  port: number;
}

// A child process: its work does not delay the requests of the honest client.
process.once('message', ({ name, port }: HostileTask) => {
  const { apply, seconds } = hostileLoads[name];
  void apply(port, AbortSignal.timeout(seconds * 1_000)).then((observation) =>
    process.send?.(observation, () => process.exit()),
  );
});
process.once('disconnect', () => process.exit());
