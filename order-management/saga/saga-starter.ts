import type { Logger } from '@shop/service/log';
import { orderWorkflowId } from '@shop/workflows/contract';
import type { OrderToPay, Sagas } from './sagas';

// Enough to keep Temporal busy; what waits beyond this is in memory only, and the sweeper has it too.
const STARTS_AT_ONCE = 16;
const STARTS_WAITING = 10_000;

/**
 * Starts sagas apart from the requests that accepted their orders: a 201 does not wait for Temporal. What cannot be
 * started now, or is lost with the process, the sweeper finds in the database.
 */
export class SagaStarter {
  readonly name = 'saga starter';
  private readonly waiting: OrderToPay[] = [];
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly sagas: Sagas,
    private readonly log: Logger,
  ) {}

  /** Takes an order whose transaction has committed. */
  start(order: OrderToPay): void {
    if (this.waiting.length < STARTS_WAITING) this.waiting.push(order);
    this.startNext();
  }

  /** Waits for the starts under way; those still waiting are left to the sweeper. */
  async stop(): Promise<void> {
    this.waiting.length = 0;
    await Promise.all(this.underWay);
  }

  private startNext(): void {
    while (this.underWay.size < STARTS_AT_ONCE) {
      const order = this.waiting.shift();
      if (!order) return;
      const starting = this.startOne(order).finally(() => {
        this.underWay.delete(starting);
        this.startNext();
      });
      this.underWay.add(starting);
    }
  }

  private async startOne(order: OrderToPay): Promise<void> {
    const ids = { orderId: order.orderId, workflowId: orderWorkflowId(order.orderId) };
    try {
      await this.sagas.start(order);
      this.log.info(ids, 'saga started');
    } catch (error) {
      this.log.warn({ ...ids, err: error }, 'saga not started; the sweeper will');
    }
  }
}
