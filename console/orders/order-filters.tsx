import { useEffect, useRef } from 'preact/hooks';
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

/** The filters of the list. A choice applies immediately; texts and times apply with Enter, or when the reader leaves the field. */
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
    <Field
      label={label}
      isTime
      value={toLocalInput(filter[name])}
      onApply={(value) => change({ [name]: fromLocalInput(value) })}
    />
  );
  const text = (name: 'customerId' | 'productId' | 'product' | 'expression', label: string) => (
    <Field label={label} value={filter[name]} onApply={(value) => change({ [name]: value })} />
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
          <div class="wide">
            {text('expression', "Expression, for example: price > 50 AND NOT name CONTAINS 'mug'")}
          </div>
        </div>
      </details>
      <p class="links">
        <a href={`/orders?${withFilter(query, { from: startOfToday(), to: null })}`}>Placed today</a>
        {[...query.keys()].length > 0 && <a href="/orders">Remove all filters</a>}
      </p>
    </section>
  );
}

interface FieldProps {
  label: string;
  isTime?: boolean;
  value: string;
  onApply: (value: string) => void;
}

/**
 * A field that the browser controls, so that the events of a busy shop do not reset what is typed. It is not applied while the
 * reader types: each digit of a date would be a page of the browser's history.
 */
function Field({ label, isTime = false, value, onApply }: FieldProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current!.value = value;
  }, [value]);
  const apply = ({ currentTarget }: { currentTarget: HTMLInputElement }): void => {
    // A date that is not complete has no value.
    if (!currentTarget.validity.badInput && currentTarget.value !== value) onApply(currentTarget.value);
  };
  return (
    <label>
      {label}
      <input
        ref={input}
        {...(isTime && { type: 'datetime-local' })}
        spellcheck={false}
        onBlur={apply}
        onKeyDown={(event) => event.key === 'Enter' && apply(event)}
      />
    </label>
  );
}
