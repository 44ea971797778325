import { useState } from 'preact/hooks';
import { answerOf, newKey, orders, read, type CatalogProduct, type Product } from '../api/client';
import { ApiProblem } from '../api/problem';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { formatCount, formatMoney, parseMoney } from '../format/money';
import { Dialog } from '../parts/dialog';
import { textOf } from '../parts/form-text';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { Table } from '../parts/table';
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
      {action && <ProductDialog {...action} onDone={finish} onFailed={loaded.reload} onClose={() => setAction(null)} />}
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
  const maySeeOrders = useConsole().caller.role !== 'catalog';
  if (products.length === 0) return <p class="empty">No product matches.</p>;
  return (
    <>
      <p>
        {isEstimate && 'about '}
        {count === 1 ? '1 product' : `${formatCount(count)} products`}
      </p>
      <Table name="Products" isCards>
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
                {maySeeOrders ? <a href={`/orders?product_id=${product.productId}`}>{product.name}</a> : product.name}
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
      </Table>
    </>
  );
}

interface ProductDialogProps extends Action {
  onDone: (message: string) => void;
  /** Called if it is not known whether the product was changed, or if it was not. */
  onFailed: () => void;
  onClose: () => void;
}

function ProductDialog({ kind, product, requestKey, onDone, onFailed, onClose }: ProductDialogProps) {
  const { productId, name, price, quantityAvailable } = product;
  const path = { id: productId };
  const restock = async (form: FormData): Promise<void> => {
    const changed = await restockOnce(product, Number(form.get('quantity')), requestKey);
    onDone(`${name} now has ${formatCount(changed.quantityAvailable)} units.`);
  };
  const reprice = async (form: FormData): Promise<void> => {
    const amount = parseMoney(textOf(form, 'price'));
    if (amount === null)
      throw new ApiProblem(422, 'no-amount', 'The price is not valid', 'Enter an amount such as 12.50.');
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
  const confirming = (act: (form: FormData) => Promise<void>) => ({
    onClose,
    onConfirm: (form: FormData) =>
      act(form).catch((error: unknown) => {
        onFailed();
        throw error;
      }),
  });
  if (kind === 'restock') {
    return (
      <Dialog
        title={`Restock ${name}`}
        action="Change the stock"
        ifRepeated="the stock changes only once, unless you close this dialog first."
        {...confirming(restock)}
      >
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
      <Dialog
        title={`Reprice ${name}`}
        action="Change the price"
        ifRepeated="a price that somebody else has set meanwhile is not changed."
        {...confirming(reprice)}
      >
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
      <Dialog
        title={`Sell ${name} again?`}
        action="Sell again"
        ifRepeated="a product that is sold already does not change."
        {...confirming(restore)}
      >
        <p>
          New orders of it are accepted, for {formatMoney(price)} each. {formatCount(quantityAvailable)} units are in
          stock.
        </p>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={`Retire ${name}?`}
      action="Retire"
      ifRepeated="a product that is retired already does not change."
      isDangerous
      {...confirming(retire)}
    >
      <p>
        New orders of it are refused. Orders that were placed before are not affected. It can be sold again later: it is
        among the retired products.
      </p>
    </Dialog>
  );
}

/** Changes the stock of a product, once for each key. */
async function restockOnce({ productId, name }: Product, quantity: number, key: string): Promise<Product> {
  const params = { path: { id: productId }, header: { 'Idempotency-Key': key } };
  try {
    return await read(orders.POST('/orderManagement/product/{id}/restock', { params, body: { quantity } }));
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.code !== 'idempotency-key-reused') throw error;
    throw new ApiProblem(
      409,
      error.code,
      `The stock of ${name} was changed already`,
      'Your first request changed the stock by a different number, but its answer was lost. Close the dialog.',
    );
  }
}

const MAX_TRIES = 5;

/** Changes the price of a product unless somebody has changed the price that the reader saw. */
async function repriceUnchanged({ productId, name, price }: Product, amount: number): Promise<Product> {
  const path = { id: productId };
  for (let tries = 1; ; tries++) {
    const { data: current, headers } = await answerOf(
      orders.GET('/orderManagement/product/{id}', { params: { path } }),
    );
    if (current.price === amount) return current; // an earlier request, whose answer was lost, may have set it
    if (current.price !== price) {
      throw new ApiProblem(
        412,
        'price-changed',
        'The price was not changed',
        `Somebody has changed the price of ${name} to ${formatMoney(current.price)}. Close the dialog.`,
      );
    }
    const header = { 'If-Match': headers.get('etag') ?? '*' };
    try {
      return await read(
        orders.PATCH('/orderManagement/product/{id}', { params: { path, header }, body: { price: amount } }),
      );
    } catch (error) {
      // The price, or only the stock, has changed in between.
      if (!(error instanceof ApiProblem) || error.status !== 412 || tries === MAX_TRIES) throw error;
    }
  }
}
