import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@shop/runtime/log';
import { TemporalUnavailableError } from '@shop/runtime/temporal';
import { orderWorkflowId } from '@shop/workflows/contract';
import type { StartLimit } from './fast-path/start-limit';
import type { OrderToPay, Sagas } from './sagas';

/** Maximum number of starts in memory. The sweeper starts the sagas beyond it, and those that a crash loses. */
const MAX_PENDING = 10_000;
const RETRY_MS = 1_000;

/**
 * Starts sagas in the background, so that a 201 does not wait for Temporal. If the process ends before a saga is
 * started, the sweeper finds the order in the database and starts its saga.
 */
export class SagaStarter {
  readonly name = 'saga starter';
  private readonly pending = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly sagas: Pick<Sagas, 'start'>,
    private readonly limit: Pick<StartLimit, 'run'>,
    private readonly log: Logger,
  ) {}

  /** Starts the saga of an order as soon as the limit allows it. The order must be committed. */
  start(order: OrderToPay): void {
    if (this.pending.size >= MAX_PENDING) return;
    const starting = this.limit
      .run(order.orderId, (attempt) => this.startOne(order, attempt))
      .finally(() => this.pending.delete(starting));
    this.pending.add(starting);
  }

  /** Waits for the starts in flight. The sweeper starts the sagas that still wait. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.pending);
  }

  /** Returns whether it started a saga. */
  private async startOne(order: OrderToPay, attempt: () => void): Promise<boolean> {
    const ids = { orderId: order.orderId, workflowId: orderWorkflowId(order.orderId) };
    while (!this.stopping.signal.aborted) {
      try {
        attempt();
        const started = await this.sagas.start(order);
        this.log.info(ids, started ? 'saga started' : 'saga already exists');
        return started;
      } catch (error) {
        // During an outage the next starts would fail, too, so this one keeps its slot.
        const retry = error instanceof TemporalUnavailableError;
        this.log.warn({ ...ids, err: error }, `saga not started; ${retry ? 'will be retried' : 'left to the sweeper'}`);
        if (!retry) return false;
        await delay(RETRY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
    return false;
  }
}
