import { fromLocalInput, startOfToday, toLocalInput } from '../format/time';
import { readFilter, withFilter, type OrderFilter } from './order-query';

const STATUSES = ['placed', 'shipped', 'cancelled'];
const PAYMENTS = ['pending', 'success', 'failed', 'cancelled', 'refunded'];
const REASONS = [
  'payment-declined',
  'payment-timeout',
  'payment-failed',
  'customer-cancelled',
  'operator-cancelled',
  'out-of-stock',
  'empty-order',
  'saga-failed',
];

interface OrderFiltersProps {
  query: URLSearchParams;
  onChange: (query: URLSearchParams) => void;
}

/** The filters of the list. A choice applies immediately; texts apply when the reader submits them. */
export function OrderFilters({ query, onChange }: OrderFiltersProps) {
  const filter = readFilter(query);
  const change = (changes: Partial<OrderFilter>): void => onChange(withFilter(query, changes));

  const choice = (name: 'status' | 'payment' | 'reason', label: string, values: readonly string[]) => (
    <label>
      {label}
      <select value={filter[name]} onChange={(event) => change({ [name]: event.currentTarget.value })}>
        <option value="">any</option>
        {values.map((value) => (
          <option key={value} value={value}>
            {value}
          </option>
        ))}
      </select>
    </label>
  );
  const time = (name: 'from' | 'to', label: string) => (
    <label>
      {label}
      <input
        type="datetime-local"
        value={toLocalInput(filter[name])}
        onChange={(event) => change({ [name]: fromLocalInput(event.currentTarget.value) })}
      />
    </label>
  );
  const text = (name: 'customerId' | 'productId' | 'product', label: string) => (
    <label>
      {label}
      <input value={filter[name]} onChange={(event) => change({ [name]: event.currentTarget.value })} />
    </label>
  );
  const more = [filter.customerId, filter.productId, filter.product, filter.expression];

  return (
    <section class="panel" aria-label="Filters">
      <div class="filters">
        {choice('status', 'Status', STATUSES)}
        {choice('payment', 'Payment', PAYMENTS)}
        {choice('reason', 'Reason', REASONS)}
        {time('from', 'Placed from')}
        {time('to', 'Placed before')}
      </div>
      <details open={more.some((value) => value !== '')}>
        <summary>More filters</summary>
        <div class="filters">
          {text('product', 'Product name (exact)')}
          {text('customerId', 'Customer id')}
          {text('productId', 'Product id')}
          <label class="wide">
            Expression, for example: price {'>'} 50 AND NOT name CONTAINS 'mug'
            <input
              value={filter.expression}
              spellcheck={false}
              onChange={(event) => change({ expression: event.currentTarget.value })}
            />
          </label>
        </div>
      </details>
      <p class="links">
        <a href={`/orders?${withFilter(query, { from: startOfToday(), to: null })}`}>Placed today</a>
        {[...query.keys()].length > 0 && <a href="/orders">Remove all filters</a>}
      </p>
    </section>
  );
}
