import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { PlaceOrderInput, SagaStatus, Settlement, TimelineEntry } from './contract';
import type { PaymentInbox } from './payment-inbox';
import { markdownText, plainText } from './plain-text';
import { CANCELLATION_CODE, ORDER_STATUS } from './search-attributes';
import { OrderStatus } from './statuses';

const MAX_ENTRIES = 100;
const DATE_LENGTH = '2026-01-31'.length;

/**
 * Records what happens to an order, for people: as the workflow's current details (Markdown, shown by the Web UI), in the
 * query `status`, and as search attributes once the order is settled.
 */
export class Timeline {
  private readonly entries: TimelineEntry[] = [];
  /** The entries as Markdown. Each is rendered once, because a client may send thousands of signals. */
  private readonly rows: string[] = [];
  private settlement: Settlement | null = null;
  /** The last entry, if it counts repetitions. */
  private repeated: { entry: TimelineEntry; count: number } | null = null;

  /** The amount to pay in dollars. An adopted order gets it from its row. */
  totalAmount: string;

  constructor(private readonly order: PlaceOrderInput) {
    this.totalAmount = order.totalAmount;
    this.add('Saga started', order.resumed ? 'for an order that an earlier saga may have worked on' : 'order accepted');
  }

  /** Adds an entry. Beyond `MAX_ENTRIES` the second oldest entry is dropped, because a saga may retry for days. */
  add(step: string, outcome: string): void {
    this.entries.push({ time: new Date().toISOString(), step, outcome });
    this.rows.push(this.row(this.entries.at(-1)!));
    if (this.entries.length > MAX_ENTRIES) for (const list of [this.entries, this.rows]) list.splice(1, 1);
    setCurrentDetails(this.markdown());
  }

  /** Adds an entry that counts how often the same happened. It replaces the last entry if that is of the same step. */
  addCounted(step: string, outcome: (count: number) => string): void {
    const last = this.entries.at(-1);
    const isRepeated = last !== undefined && last === this.repeated?.entry && last.step === step;
    const count = isRepeated ? this.repeated!.count + 1 : 1;
    if (isRepeated) for (const list of [this.entries, this.rows]) list.pop();
    this.add(step, outcome(count));
    this.repeated = { entry: this.entries.at(-1)!, count };
  }

  /** Adds the failure of a step that will be retried. It replaces the previous failure of the step. */
  addFailure(step: string, cause: string | undefined): void {
    const reason = plainText(cause ?? '', 200);
    this.addCounted(step, (count) => `failed ${count} times and will be retried: ${reason}`);
  }

  /** Records how the order ended. */
  recordSettlement(settlement: Settlement): void {
    this.settlement = settlement;
    const { orderStatus, paymentId, cancellation } = settlement;
    const paid = `paid by payment ${paymentId ?? 'of unknown id'}`; // the original stored no payment ids
    const reason = cancellation ? `${cancellation.code}: ${cancellation.reason}` : 'for an unknown reason';
    this.add(`Order ${orderStatus}`, orderStatus === OrderStatus.shipped ? paid : reason);
    upsertSearchAttributes([
      { key: ORDER_STATUS, value: orderStatus },
      ...(cancellation ? [{ key: CANCELLATION_CODE, value: cancellation.code }] : []),
    ]);
  }

  /** Returns what the query `status` reports. */
  status({ outcome, answers }: PaymentInbox): SagaStatus {
    const { settlement, entries } = this;
    return {
      stage: settlement ? 'settled' : outcome ? 'settling' : 'awaiting payment',
      settlement,
      answers,
      timeline: entries,
    };
  }

  private markdown(): string {
    return [
      `Order of $${this.totalAmount} by customer ${markdownText(this.order.customerId)}, ${this.date}.`,
      '',
      '| time (UTC) | step | outcome |',
      '| --- | --- | --- |',
      ...this.rows,
    ].join('\n');
  }

  private row({ time, step, outcome }: TimelineEntry): string {
    const shown = time.startsWith(this.date) ? time.slice(DATE_LENGTH + 1, -1) : time;
    return `| ${shown} | ${markdownText(step)} | ${markdownText(outcome)} |`;
  }

  /** The day of the first entry. The Web UI's box is narrow: only the first line contains it, unless an entry's differs. */
  private get date(): string {
    return this.entries[0]!.time.slice(0, DATE_LENGTH);
  }
}
