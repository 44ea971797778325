import { CancellationScope } from '@temporalio/workflow';
import type { Cancellation, Settlement } from './contract';

/** Cancels the order's row and says how the order ended, which need not be as asked: another may have settled it. */
export type CancelOrder = (why: Cancellation) => Promise<Settlement>;

/** Undoes one step of an order that ended as `settled`. */
export type Undo = (settled: Settlement, why: Cancellation) => Promise<void>;

/**
 * What must be undone when an order fails, registered before the step it undoes.
 *
 * The order itself comes first: once its row says `cancelled` nothing ships it any more, and only then is anything given
 * back. A compensation retries by its own activity options for as long as it takes; nothing cancels it, and its errors
 * are the saga's.
 */
export class Compensations {
  private readonly undos: Undo[] = [];

  constructor(private readonly cancelOrder: CancelOrder) {}

  /** Registers the undo of the step that follows. */
  add(undo: Undo): void {
    this.undos.push(undo);
  }

  /** Cancels the order, then undoes its steps, the latest first; returns how the order ended. */
  async run(why: Cancellation): Promise<Settlement> {
    return CancellationScope.nonCancellable(async () => {
      const settled = await this.cancelOrder(why);
      for (let undo = this.undos.pop(); undo; undo = this.undos.pop()) await undo(settled, why);
      return settled;
    });
  }
}
