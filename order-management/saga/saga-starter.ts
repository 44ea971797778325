import { setTimeout as delay } from 'node:timers/promises';
import { atMost } from '@shop/runtime/at-most';
import type { Logger } from '@shop/runtime/log';
import { TemporalUnavailableError } from '@shop/runtime/temporal';
import { orderWorkflowId } from '@shop/workflows/contract';
import type { Backlog } from '../orders/backlog';
import type { PaymentHandover } from './payment-handover';
import type { OrderToPay, Sagas } from './sagas';
import { WorthWaiting } from './worth-waiting';

// Enough to keep Temporal busy: more of them only make each other slow. What waits beyond this is in memory only, and
// the sweeper has it too.
const SAGAS_AT_ONCE = 16;
const SAGAS_IN_A_RUSH = 2; // the customers who wait come first; docs/performance.md has what that changes
const WORTH_WAITING = 0.8; // where payments take long, most of the sagas under way wait for others, and keep nobody busy
const STARTS_WAITING = 10_000;
const TRY_AGAIN_MS = 1_000;

/**
 * Starts sagas apart from the requests that accepted their orders: a 201 does not wait for Temporal. What cannot be
 * started before the process ends, the sweeper finds in the database.
 */
export class SagaStarter {
  readonly name = 'saga starter';
  private readonly inTurn = atMost(() => (this.backlog.isRush ? SAGAS_IN_A_RUSH : SAGAS_AT_ONCE));
  private readonly pending = new Set<Promise<void>>();
  private readonly settling = new WorthWaiting(WORTH_WAITING);
  private readonly stopping = new AbortController();

  constructor(
    private readonly sagas: Pick<Sagas, 'start'>,
    private readonly handover: Pick<PaymentHandover, 'settled'>,
    private readonly backlog: Pick<Backlog, 'isRush'>,
    private readonly log: Logger,
  ) {}

  /** Takes an order whose transaction has committed. */
  start(order: OrderToPay): void {
    if (this.pending.size >= SAGAS_AT_ONCE + STARTS_WAITING) return;
    const starting = this.inTurn(() => this.startOne(order)).finally(() => this.pending.delete(starting));
    this.pending.add(starting);
  }

  /** Waits for the starts under way; those still waiting are left to the sweeper. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.pending);
  }

  private async startOne(order: OrderToPay): Promise<void> {
    const ids = { orderId: order.orderId, workflowId: orderWorkflowId(order.orderId) };
    while (!this.stopping.signal.aborted) {
      try {
        const settled = this.settling.isWorthIt() ? this.handover.settled(order.orderId) : null;
        const begun = await this.sagas.start(order);
        this.log.info(ids, begun ? 'saga started' : 'saga was there');
        if (begun && settled) this.settling.tell((await settled) !== null);
        return;
      } catch (error) {
        // In an outage none of those behind it could start either: it keeps its place.
        const tryAgain = error instanceof TemporalUnavailableError;
        this.log.warn({ ...ids, err: error }, `saga not started; ${tryAgain ? 'tried again' : 'the sweeper will'}`);
        if (!tryAgain) return;
        await delay(TRY_AGAIN_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }
}
