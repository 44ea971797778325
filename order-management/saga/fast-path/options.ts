/**
 * The tuned numbers of the payment fast path, each with its reason. The decision is
 * docs/decisions/0009-payment-fast-path.md; docs/decisions/0030-sagas-started-at-once.md has the measurements.
 */
export const FAST_PATH = {
  /**
   * How long `requestPayment` waits for the answer in its own process, in milliseconds. Longer than an answer takes on a
   * system that is not overloaded. Short, because it holds a workflow task, for which signals and cancels wait.
   */
  answerWithinMs: 150,
  /**
   * How long the bridge waits for the saga to settle the order by an answer that it handed over, in milliseconds. After
   * that it signals the answer, which the saga recognises as a repetition if it has settled the order after all.
   */
  settledWithinMs: 1_000,
  /** The share of requests answered in time below which waiting costs more than it saves: other instances get the answers. */
  leastAnswered: 0.4,
  /**
   * The share of sagas settled in time below which the starter no longer waits for them: payments take long, and most
   * sagas in flight wait for others and need no CPU.
   */
  leastSettled: 0.8,
  /** One wait in this many is made in any case, to notice that waiting pays off again. */
  probeEvery: 20,
  /** Sagas in flight per process. Enough to keep Temporal busy; more only slow each other down. */
  sagasInFlight: 16,
  /** Sagas in flight during a rush, so that customers who wait for their 201 come first. */
  sagasInRush: 2,
  rush: {
    /** Orders being accepted concurrently that make a rush. */
    concurrentOrders: 4,
    /** Time in milliseconds after which a rush is over if nobody renews it. */
    quietMs: 100,
    /** What lasts longer than this many milliseconds is load, not a rush. */
    longestMs: 5_000,
  },
} as const;
