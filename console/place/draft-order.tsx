import type { Customer } from '../api/client';
import { fullNameOf } from '../customers/full-name';
import { formatMoney } from '../format/money';
import { reasonNotOrderable, totalOfLines, type DraftLine } from './draft-line';

interface DraftOrderProps {
  /** Who the order is for; null if nobody is chosen. Undefined for a customer, whose orders are its own. */
  customer: Customer | null | undefined;
  lines: readonly DraftLine[];
  onRemove: (line: DraftLine) => void;
}

/** Shows what will be ordered and for whom, so that it can be read back to a caller. */
export function DraftOrder({ customer, lines, onRemove }: DraftOrderProps) {
  return (
    <>
      {customer !== undefined && (
        <p>{customer === null ? <span class="muted">Choose a customer.</span> : `For ${fullNameOf(customer)}`}</p>
      )}
      {lines.length === 0 && <p class="muted">Choose at least one product.</p>}
      <ul class="plain" aria-label="Lines of the order">
        {lines.map((line) => {
          const { product, quantity } = line;
          const obstacle = reasonNotOrderable(line);
          return (
            <li key={product.productId} class="row">
              <span class="grow">
                {quantity} × {product.name}, {formatMoney(totalOfLines([line]))}
                {obstacle !== null && <span class="status bad"> {obstacle}</span>}
              </span>
              <button type="button" aria-label={`Remove ${product.name}`} onClick={() => onRemove(line)}>
                Remove
              </button>
            </li>
          );
        })}
      </ul>
      <p class="total">{formatMoney(totalOfLines(lines))}</p>
    </>
  );
}
