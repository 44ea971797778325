/**
 * The tuned numbers of the payment fast path, each with its reason. The decision is
 * docs/decisions/0009-payment-fast-path.md; docs/decisions/0030-concurrent-saga-starts.md has the measurements.
 */
export const FAST_PATH = {
  /**
   * How long `requestPayment` waits for the answer in its own process, in milliseconds. An answer takes less unless the
   * system is overloaded. The wait is short because it holds a workflow task, and signals and cancels wait for that task.
   */
  answerWithinMs: 150,
  /**
   * How long the bridge waits, after it has handed over an answer, for the saga to settle the order, in milliseconds.
   * After that the bridge signals the answer. If the saga has received the answer already, it ignores the repetition.
   */
  settledWithinMs: 1_000,
  /**
   * Minimum share of requests that are answered in time. Below it, waiting costs more than it saves, because other
   * instances receive the answers.
   */
  minAnsweredShare: 0.4,
  /**
   * Minimum share of sagas that settle in time. Below it, the starter no longer waits for them: payments take long, and
   * most sagas in flight wait for an answer and need no CPU.
   */
  minSettledShare: 0.8,
  /** Below a minimum, one wait in this many is still made, to detect when waiting pays off again. */
  probeEvery: 20,
  /** Sagas in flight per process. These keep Temporal busy; more would only slow each other down. */
  sagasInFlight: 16,
  /** Sagas in flight during a rush. Few, so that requests that wait for their 201 have priority. */
  sagasInRush: 2,
  rush: {
    /** A rush begins when this many orders are being accepted concurrently. */
    concurrentOrders: 4,
    /** A rush ends when fewer orders are being accepted for this many milliseconds. */
    quietMs: 100,
    /** A rush ends after this many milliseconds in any case: a longer one is sustained load. */
    maxMs: 5_000,
  },
} as const;
