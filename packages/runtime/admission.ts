import pLimit, { type LimitFunction } from 'p-limit';
import { retryLater } from './problem';

/** What a request costs: `read` reads one thing, `list` many, and `write` changes something. */
export type RequestClass = 'read' | 'list' | 'write';

/** How many requests of a class are handled at a time, and how many further ones may wait. */
export type AdmissionLimits = Record<RequestClass, { running: number; waiting: number }>;

/**
 * Returns the limits for a pool of database connections. Reads and lists together leave connections to writes. A write
 * holds no connection all the time, so more of them may run.
 */
export const admissionLimits = (poolSize: number): AdmissionLimits => ({
  read: { running: Math.ceil(poolSize / 2), waiting: 1_000 },
  list: { running: Math.ceil(poolSize / 5), waiting: 100 },
  write: { running: 5 * poolSize, waiting: 2_000 },
});

/** Limits how many requests of each class are handled at a time, so that many of one class do not starve the others. */
export class Admission {
  private readonly classes: Record<RequestClass, { limit: LimitFunction; atMost: number }>;

  constructor({ read, list, write }: AdmissionLimits) {
    const limited = ({ running, waiting }: AdmissionLimits[RequestClass]) => ({
      limit: pLimit(running),
      atMost: running + waiting,
    });
    this.classes = { read: limited(read), list: limited(list), write: limited(write) };
  }

  /**
   * Handles a request when it is its turn.
   *
   * @param handle may call `release` before it waits for something else, so that the next request of the class begins
   * @throws {Problem} 503 if too many requests of the class are waiting
   * @throws the error of `handle`
   */
  async run(of: RequestClass, handle: (release: () => void) => Promise<void>): Promise<void> {
    const { limit, atMost } = this.classes[of];
    // p-limit counts a request as pending until the next microtask, even if it can run.
    if (limit.activeCount + limit.pendingCount >= atMost)
      throw retryLater(`Too many requests of the kind "${of}" are waiting.`);
    await new Promise<void>((resolve, reject) => {
      void limit(
        () =>
          new Promise<void>((release) => {
            void handle(release).then(resolve, reject).finally(release);
          }),
      );
    });
  }
}
