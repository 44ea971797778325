/** What hostile clients observed. */
export interface Observation {
  text: string;
  /** What broke a limit. */
  problems: string[];
}

/** Clients that harm the others by what they send, or by what they do not read. */
export interface HostileLoad {
  title: string;
  /** How long the load lasts. Meanwhile an honest client places orders. */
  seconds: number;
  /**
   * Applies the load to order-management.
   *
   * @param port of the service on 127.0.0.1
   * @param ended ends the load when it aborts
   */
  apply: (port: number, ended: AbortSignal) => Promise<Observation>;
}
