import type { Settlement } from '@shop/workflows/contract';
import pLimit from 'p-limit';
import type { Settlements } from '../../orders/settlements';
import { FAST_PATH } from './options';
import type { Rush } from './rush';
import { SuccessRate } from './success-rate';

export interface StartLimitOptions {
  settlements: Pick<Settlements, 'next'>;
  rush: Pick<Rush, 'isOn'>;
  /** `PAYMENT_FAST_PATH`: whether a saga counts until its order is settled, or only until it is started. */
  enabled: boolean;
}

/** Limits the sagas in flight in this process. Each counts until it is started or, with the fast path, settled. */
export class StartLimit {
  private readonly limit = pLimit(FAST_PATH.sagasInFlight);
  private readonly settled = new SuccessRate(FAST_PATH.minSettledShare);

  constructor(private readonly options: StartLimitOptions) {}

  /**
   * Starts a saga as soon as the limit allows it.
   *
   * @param start calls its parameter before each attempt, and returns whether it started a saga
   */
  run(orderId: string, start: (attempt: () => void) => Promise<boolean>): Promise<void> {
    this.adjust();
    return this.limit(() => this.startAndSettle(orderId, start).finally(() => this.adjust()));
  }

  private adjust(): void {
    this.limit.concurrency = this.options.rush.isOn ? FAST_PATH.sagasInRush : FAST_PATH.sagasInFlight;
  }

  private async startAndSettle(orderId: string, start: (attempt: () => void) => Promise<boolean>): Promise<void> {
    const { enabled, settlements } = this.options;
    const waits = enabled && this.settled.isWorthWaiting();
    const waiting: Promise<Settlement | null>[] = []; // one per attempt: the time counts from the last one
    const started = await start(() => {
      if (waits) waiting.push(settlements.next(orderId, FAST_PATH.settledWithinMs));
    });
    const settled = waiting.at(-1);
    if (started && settled) this.settled.record((await settled) !== null);
  }
}
