/** What hostile clients may do to the service and to an honest client. */
export const LIMITS = {
  /** The median of `POST /order`. The hostile clients, both services and all servers share the cores. */
  medianMs: 150,
  /** The p99 of `POST /order`. A slower response is a noticeable delay. */
  p99Ms: 1_000,
  /** On a slow or busy machine, the median and the p99 may be as many times as long as without the hostile clients. */
  slowdown: 10,
  /** Orders of the honest client that are not answered 201. */
  failures: 0,
  /** The resident memory of order-management. `make bench-list` has the same limit. */
  memoryMb: 500,
  /** How much /metrics may grow by one load. The series of all routes by method and status need about 150 kB. */
  metricsGrowthKb: 200,
  /** From SIGTERM to the exit: `docker stop` kills a container after 10 s. */
  stopMs: 5_000,
  /** Until a request is answered whose Content-Length exceeds the limit: only the headers are read. */
  refusalMs: 1_000,
  /** How long a response may wait for a client that does not read it: at most 40 s in the service, and the time to write it. */
  unreadMs: 45_000,
  /** Until a connection is closed whose request arrives byte by byte. */
  slowRequestMs: 30_000,
};
