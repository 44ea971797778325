import { useState } from 'preact/hooks';
import type { CatalogProduct } from '../api/client';
import { useLoad } from '../api/use-load';
import { formatCount, formatMoney } from '../format/money';
import { LoadState } from '../parts/load-state';
import { Table } from '../parts/table';
import { findProducts } from '../products/find-products';
import type { DraftLine } from './draft-line';

interface ChooseProductsProps {
  lines: readonly DraftLine[];
  onChange: (line: DraftLine) => void;
}

const LIMIT = 25;

/** Finds products, and sets how many of each are ordered. What is chosen outlasts another search; the order shows it. */
export function ChooseProducts({ lines, onChange }: ChooseProductsProps) {
  const [text, setText] = useState('');
  const [cursor, setCursor] = useState<string | null>(null);
  const found = useLoad(
    `products ${text} ${cursor}`,
    (signal) => findProducts(text, { kind: 'sold', limit: LIMIT, cursor, signal }),
    30_000,
  );
  return (
    <>
      <label>
        Find by name or type
        <input
          type="search"
          value={text}
          maxLength={100}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setCursor(null);
          }}
        />
      </label>
      <LoadState loaded={found} what="products">
        {({ products, next }) => (
          <>
            {products.length === 0 ? (
              <p class="empty">No product matches.</p>
            ) : (
              <ProductTable products={products} lines={lines} onChange={onChange} />
            )}
            <p class="row">
              {cursor !== null && (
                <button type="button" onClick={() => setCursor(null)}>
                  First page
                </button>
              )}
              {next !== null && (
                <button type="button" onClick={() => setCursor(next)}>
                  Next page
                </button>
              )}
            </p>
          </>
        )}
      </LoadState>
    </>
  );
}

function ProductTable({ products, lines, onChange }: ChooseProductsProps & { products: readonly CatalogProduct[] }) {
  const quantityOf = (productId: string) => lines.find(({ product }) => product.productId === productId)?.quantity;
  return (
    <Table name="Products to order">
      <thead>
        <tr>
          <th scope="col">Product</th>
          <th scope="col" class="number">
            Price
          </th>
          <th scope="col" class="number">
            In stock
          </th>
          <th scope="col">Quantity</th>
        </tr>
      </thead>
      <tbody>
        {products.map((product) => (
          <tr key={product.productId}>
            <th scope="row">{product.name}</th>
            <td class="number">{formatMoney(product.price)}</td>
            <td class="number">{formatCount(product.quantityAvailable)}</td>
            <td>
              <input
                class="quantity"
                type="number"
                min={0}
                step={1}
                aria-label={`Quantity of ${product.name}`}
                value={quantityOf(product.productId) ?? ''}
                onInput={(event) =>
                  onChange({ product, quantity: Math.max(0, Math.trunc(event.currentTarget.valueAsNumber) || 0) })
                }
              />
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
