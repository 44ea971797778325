import { formatCount } from '../format/money';

interface NewOrdersProps {
  count: number;
  /** Whether the list has filters, which new orders may not match. */
  isFiltered: boolean;
  onShow: () => void;
}

/** Says that orders were placed since the list was loaded. A screen reader announces the first one only, not each. */
export function NewOrders({ count, isFiltered, onShow }: NewOrdersProps) {
  return (
    <div class={count > 0 ? 'note' : undefined}>
      <span role="status">{count > 0 && (isFiltered ? 'New orders in the shop' : 'New orders')}</span>
      {count > 0 && (
        <>
          : {formatCount(count)}{' '}
          <button type="button" onClick={onShow}>
            Show
          </button>
        </>
      )}
    </div>
  );
}
