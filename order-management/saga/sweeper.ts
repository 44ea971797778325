import { setTimeout as delay } from 'node:timers/promises';
import type { OrdersClient } from '@shop/prisma/clients';
import { isDatabaseUnavailable } from '@shop/prisma/errors';
import type { Logger } from '@shop/runtime/log';
import { TemporalUnavailableError, type Temporal } from '@shop/runtime/temporal';
import pLimit from 'p-limit';
import { forgetExpiredKeys } from '../orders/order-key';
import { isFinal } from '../orders/order-status';
import type { RefundInput } from '@shop/workflows/contract';
import { claimRefundsDue, deleteRefundDue, postponeRefundCheck } from '../orders/refunds-due';
import { claimUnsettledOrders, readOrderState } from '../orders/unsettled-orders';
import type { Sagas } from './sagas';

export interface SweeperOptions {
  database: OrdersClient;
  temporal: Pick<Temporal, 'isUp'>;
  sagas: Sagas;
  log: Logger;
  intervalMs: number;
  /** The pause between two looks at one order, or at one refund. */
  examineAgainMs: number;
  /** Whether orders may be adopted that the original left `placed`: not while their answers may wait in the queue. */
  mayAdopt: () => Promise<boolean>;
}

const BATCH = 100;
const EXAMINED_AT_ONCE = 8;
const BATCHES = 10; // of each kind in one sweep, so that the other kind gets its turn

/**
 * Finds orders that are `placed` for longer than they should be, and refunds that have not been seen to end, whatever the
 * reason: a crash before the start, a termination, Temporal's store lost. Runs on every instance; each order and each
 * refund is looked at by one of them.
 */
export class Sweeper {
  readonly name = 'sweeper';
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;

  constructor(private readonly options: SweeperOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Looks at the orders and refunds that are due, a thousand of each at most. @returns how many there were */
  async sweep(): Promise<number> {
    const { database, examineAgainMs, mayAdopt } = this.options;
    const claim = { limit: BATCH, examineAgainMs };
    const adopt = await mayAdopt();
    const orders = await this.sweepAll(
      () => claimUnsettledOrders(database, { ...claim, adopt }),
      (orderId) => this.examineUnlessBroken({ orderId }, () => this.examine(orderId)),
    );
    const refunds = await this.sweepAll(
      () => claimRefundsDue(database, claim),
      (due) => this.examineUnlessBroken({ refund: due }, () => this.examineRefund(due)),
    );
    return orders + refunds;
  }

  private async sweepAll<T>(claim: () => Promise<T[]>, examine: (item: T) => Promise<void>): Promise<number> {
    let examined = 0;
    for (let batch = 0; batch < BATCHES && !this.stopping.signal.aborted; batch++) {
      const claimed = await claim();
      await this.examineAll(claimed, examine);
      examined += claimed.length;
      if (claimed.length < BATCH) break;
    }
    return examined;
  }

  private async run(): Promise<void> {
    const { database, temporal, log, intervalMs } = this.options;
    while (!this.stopping.signal.aborted) {
      try {
        if (temporal.isUp) await this.sweep(); // else what is claimed would only have to wait longer
        await forgetExpiredKeys(database);
      } catch (error) {
        log.warn({ err: error }, 'sweep failed');
      }
      await delay(intervalMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** A few at once: after an outage there are many. @throws what the first that failed did; the rest is left for later */
  private async examineAll<T>(items: T[], examine: (item: T) => Promise<void>): Promise<void> {
    const limit = pLimit(EXAMINED_AT_ONCE);
    const failures: unknown[] = [];
    const examineOne = async (item: T): Promise<void> => {
      if (failures.length === 0) await examine(item).catch((error: unknown) => failures.push(error));
    };
    await Promise.all(items.map((item) => limit(examineOne, item)));
    if (failures.length > 0) throw failures[0];
  }

  /** One that cannot be examined does not hold up those behind it; an outage does. */
  private async examineUnlessBroken(
    what: { orderId: string } | { refund: RefundInput },
    examine: () => Promise<void>,
  ): Promise<void> {
    try {
      await examine();
    } catch (error) {
      if (error instanceof TemporalUnavailableError || isDatabaseUnavailable(error)) throw error;
      this.options.log.error({ ...what, err: error }, `${'refund' in what ? 'refund' : 'order'} cannot be examined`);
    }
  }

  private async examine(orderId: string): Promise<void> {
    const { database, sagas, log } = this.options;
    const order = await readOrderState(database, orderId);
    if (!order || isFinal(order.orderStatus)) return;
    if (await sagas.resume(order)) log.info({ orderId }, 'saga resumed by the sweeper');
    else if (order.cancelRequested) await sagas.signalCancel(orderId);
  }

  private async examineRefund(due: RefundInput): Promise<void> {
    const { database, sagas, log } = this.options;
    const refund = await sagas.stateOfRefund(due);
    if (refund === 'RUNNING') return postponeRefundCheck(database, due);
    if (refund !== 'UNKNOWN') return deleteRefundDue(database, due); // an operator who ends one has seen to it
    if (due.paymentId === undefined) {
      const saga = await sagas.stateOfSaga(due.orderId);
      if (saga === 'RUNNING') return postponeRefundCheck(database, due);
      if (saga === 'COMPLETED') return deleteRefundDue(database, due); // it has noted by its id whatever it was told of
    }
    await sagas.refund(due);
    log.warn({ orderId: due.orderId, paymentId: due.paymentId }, 'refund started by the sweeper');
  }
}
