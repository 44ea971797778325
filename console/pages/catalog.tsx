import { useState } from 'preact/hooks';
import { newKey, orders, read, type CatalogProduct, type Product } from '../api/client';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { formatCount, formatMoney, parseMoney } from '../format/money';
import { Dialog } from '../parts/dialog';
import { textOf } from '../parts/form-text';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { findProducts, type FoundProducts, type Kind } from '../products/find-products';
import { navigate, usePlace } from '../router';

const ACTIONS = { restock: 'Restock', reprice: 'Reprice', retire: 'Retire', restore: 'Sell again' };

interface Action {
  kind: keyof typeof ACTIONS;
  product: CatalogProduct;
  requestKey: string;
}

const KINDS: Record<Kind, string> = { sold: 'Sold', retired: 'Retired', all: 'All' };

const LIMIT = 50;

/** The products with their stock. The address has the search. */
export function CatalogPage() {
  const { caller } = useConsole();
  const { query } = usePlace();
  const [find, cursor] = [query.get('find') ?? '', query.get('cursor')];
  const kind = (['retired', 'all'] as const).find((one) => one === query.get('kind')) ?? 'sold';
  const loaded = useLoad(
    `products ${kind} ${find} ${cursor}`,
    (signal) => findProducts(find, { kind, limit: LIMIT, cursor, signal }),
    30_000,
  );
  const [action, setAction] = useState<Action | null>(null);
  const [done, setDone] = useState('');
  const mayChange = caller.role !== 'customer';

  const search = (event: SubmitEvent): void => {
    event.preventDefault();
    const text = textOf(new FormData(event.target as HTMLFormElement), 'find');
    navigate(addressOf({ find: text.trim(), kind }));
  };
  const finish = (message: string): void => {
    setDone(message);
    loaded.reload();
  };

  return (
    <Page title="Catalog">
      <form role="search" class="row" onSubmit={search}>
        <label class="grow">
          Find products
          <input
            key={find}
            name="find"
            type="search"
            placeholder="Part of a name or a type"
            defaultValue={find}
            maxLength={100}
          />
        </label>
        {mayChange && (
          <label>
            Show
            <select
              value={kind}
              onChange={(event) => navigate(addressOf({ find, kind: event.currentTarget.value as Kind }))}
            >
              {Object.entries(KINDS).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        <button type="submit">Find</button>
      </form>
      {done && (
        <p class="note good" role="status">
          {done}
        </p>
      )}
      <LoadState loaded={loaded} what="products">
        {(found) => (
          <>
            <ProductTable
              found={found}
              onAct={mayChange ? (act, product) => setAction({ kind: act, product, requestKey: newKey() }) : null}
            />
            <nav class="pages" aria-label="Pages">
              {cursor !== null && <a href={addressOf({ find, kind })}>First page</a>}
              {found.next !== null && <a href={addressOf({ find, kind, cursor: found.next })}>Next page</a>}
            </nav>
          </>
        )}
      </LoadState>
      {action && <ProductDialog {...action} onDone={finish} onClose={() => setAction(null)} />}
    </Page>
  );
}

function addressOf({ find, kind, cursor }: { find: string; kind: Kind; cursor?: string }): string {
  const query = new URLSearchParams({
    ...(find !== '' && { find }),
    ...(kind !== 'sold' && { kind }),
    ...(cursor !== undefined && { cursor }),
  });
  return `/catalog?${query}`;
}

interface ProductTableProps {
  found: FoundProducts;
  onAct: ((kind: Action['kind'], product: CatalogProduct) => void) | null;
}

function ProductTable({ found: { products, count, isEstimate }, onAct }: ProductTableProps) {
  if (products.length === 0) return <p class="empty">No product matches.</p>;
  return (
    <>
      <p>
        {isEstimate && 'about '}
        {count === 1 ? '1 product' : `${formatCount(count)} products`}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Table: Products">
        <table class="cards">
          <thead>
            <tr>
              <th scope="col">Product</th>
              <th scope="col">Type</th>
              <th scope="col" class="number">
                Price
              </th>
              <th scope="col" class="number">
                In stock
              </th>
              {onAct && <th scope="col">Actions</th>}
            </tr>
          </thead>
          <tbody>
            {products.map((product) => (
              <tr key={product.productId}>
                <th scope="row" data-label="Product">
                  <a href={`/orders?product_id=${product.productId}`} title="Show its orders">
                    {product.name}
                  </a>
                  {product.retired && <span class="status bad"> retired</span>}
                </th>
                <td data-label="Type">{product.productType}</td>
                <td data-label="Price" class="number">
                  {formatMoney(product.price)}
                </td>
                <td data-label="In stock" class="number">
                  {formatCount(product.quantityAvailable)}
                  {product.quantityAvailable <= 0 && <span class="status bad"> sold out</span>}
                </td>
                {onAct && (
                  <td class="actions">
                    {(['restock', 'reprice', product.retired ? 'restore' : 'retire'] as const).map((kind) => (
                      <button
                        key={kind}
                        type="button"
                        aria-label={`${ACTIONS[kind]} ${product.name}`}
                        onClick={() => onAct(kind, product)}
                      >
                        {ACTIONS[kind]}
                      </button>
                    ))}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface ProductDialogProps extends Action {
  onDone: (message: string) => void;
  onClose: () => void;
}

function ProductDialog({ kind, product, requestKey, onDone, onClose }: ProductDialogProps) {
  const { productId, name, price, quantityAvailable } = product;
  const path = { id: productId };
  const restock = async (form: FormData): Promise<void> => {
    const quantity = Number(form.get('quantity'));
    const header = { 'Idempotency-Key': requestKey };
    const request = orders.POST('/orderManagement/product/{id}/restock', {
      params: { path, header },
      body: { quantity },
    });
    onDone(`${name} now has ${formatCount((await read(request)).quantityAvailable)} units.`);
  };
  const reprice = async (form: FormData): Promise<void> => {
    const amount = parseMoney(textOf(form, 'price'));
    if (amount === null) throw new TypeError('Enter an amount such as 12.50.');
    onDone(`${name} now costs ${formatMoney((await repriceUnchanged(product, amount)).price)}.`);
  };
  const retire = async (): Promise<void> => {
    await read(orders.POST('/orderManagement/product/{id}/retire', { params: { path } }));
    onDone(`${name} is no longer sold.`);
  };
  const restore = async (): Promise<void> => {
    await read(orders.POST('/orderManagement/product/{id}/restore', { params: { path } }));
    onDone(`${name} is sold again.`);
  };
  if (kind === 'restock') {
    return (
      <Dialog title={`Restock ${name}`} action="Change the stock" onConfirm={restock} onClose={onClose}>
        <p>
          The stock is {formatCount(quantityAvailable)} now. The units are added to it, whatever is ordered meanwhile; a
          negative number removes units.
        </p>
        <label>
          Units to add
          <input name="quantity" type="number" step={1} required />
        </label>
      </Dialog>
    );
  }
  if (kind === 'reprice') {
    return (
      <Dialog title={`Reprice ${name}`} action="Change the price" onConfirm={reprice} onClose={onClose}>
        <p>The price is {formatMoney(price)} now. Orders that were placed before keep their price.</p>
        <label>
          New price in dollars
          <input name="price" inputMode="decimal" required />
        </label>
      </Dialog>
    );
  }
  if (kind === 'restore') {
    return (
      <Dialog title={`Sell ${name} again?`} action="Sell again" onConfirm={restore} onClose={onClose}>
        <p>
          New orders of it are accepted, for {formatMoney(price)} each. {formatCount(quantityAvailable)} units are in
          stock.
        </p>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Retire ${name}?`} action="Retire" isDangerous onConfirm={retire} onClose={onClose}>
      <p>
        New orders of it are refused. Orders that were placed before are not affected. It can be sold again later: it is
        among the retired products.
      </p>
    </Dialog>
  );
}

/** Changes the price of a product unless somebody has changed the price that the reader saw. */
async function repriceUnchanged({ productId, name, price }: Product, amount: number): Promise<Product> {
  const path = { id: productId };
  const { data: current, response } = await orders.GET('/orderManagement/product/{id}', { params: { path } });
  if (current && current.price !== price) {
    throw new TypeError(
      `Somebody has changed the price of ${name} to ${formatMoney(current.price)}. Close the dialog and decide again.`,
    );
  }
  const tag = response.headers.get('etag');
  const header = tag === null ? {} : { 'If-Match': tag };
  return read(orders.PATCH('/orderManagement/product/{id}', { params: { path, header }, body: { price: amount } }));
}
