import type { HistoryEntry, OrderStep } from '../api/client';
import { formatDuration, formatTime } from '../format/time';

interface Meaning {
  text: string;
  kind?: 'good' | 'bad';
}

/** What each step means, for people. */
const STEPS: Record<OrderStep, Meaning> = {
  accepted: { text: 'Accepted; the stock is reserved' },
  'payment-requested': { text: 'Payment requested' },
  paid: { text: 'Paid', kind: 'good' },
  declined: { text: 'Payment declined', kind: 'bad' },
  'cancel-requested': { text: 'Cancellation requested' },
  shipped: { text: 'Shipped', kind: 'good' },
  cancelled: { text: 'Cancelled', kind: 'bad' },
  'refund-due': { text: 'Refund due' },
  refunded: { text: 'Refunded' },
  deleted: { text: 'Deleted' },
  'message-retried': { text: 'Parked message returned to its queue' },
  'message-discarded': { text: 'Parked message discarded' },
};

/** Looks up a step. Another version of the service may have steps that this page does not know. */
const describe = (step: string): Meaning => (STEPS as Partial<Record<string, Meaning>>)[step] ?? { text: step };

/** Shows the steps of an order with their times, the oldest first. */
export function Timeline({ steps }: { steps: readonly HistoryEntry[] }) {
  return (
    <ol class="timeline" aria-label="Timeline">
      {steps.map(({ step, time, reason, actor }, index) => {
        const { text, kind } = describe(step);
        const before = steps[index - 1]?.time;
        const seconds = time && before ? (Date.parse(time) - Date.parse(before)) / 1_000 : null;
        return (
          <li key={`${index} ${step}`} class={kind}>
            <strong>{text}</strong>
            <span class="muted">
              {' '}
              <time dateTime={time ?? ''}>{formatTime(time)}</time>
              {seconds !== null && seconds >= 0 && `, after ${formatDuration(seconds)}`}
            </span>
            {reason !== null && <p>{reason}</p>}
            {actor !== null && <p class="muted">by {actor}</p>}
          </li>
        );
      })}
    </ol>
  );
}
