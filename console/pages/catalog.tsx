import { useState } from 'preact/hooks';
import { newKey, orders, read, type Product } from '../api/client';
import { toProblem } from '../api/problem';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { formatCount, formatMoney, parseMoney } from '../format/money';
import { Dialog } from '../parts/dialog';
import { textOf } from '../parts/form-text';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { loadProducts } from '../products/load-products';
import { MoreMatches } from '../products/more-matches';

type Action = { kind: 'restock' | 'reprice' | 'retire'; product: Product; requestKey: string };

const SHOWN = 100;

/** The products that are sold, with their stock. */
export function CatalogPage() {
  const { caller } = useConsole();
  const loaded = useLoad('products', loadProducts, 30_000);
  const [text, setText] = useState('');
  const [action, setAction] = useState<Action | null>(null);
  const [done, setDone] = useState('');
  const [retired, setRetired] = useState<Product | null>(null);
  const mayChange = caller.role !== 'customer';

  const finish = (message: string, retiredProduct: Product | null = null): void => {
    setDone(message);
    setRetired(retiredProduct);
    loaded.reload();
  };
  const restore = async ({ productId, name }: Product): Promise<void> => {
    try {
      await read(orders.POST('/orderManagement/product/{id}/restore', { params: { path: { id: productId } } }));
      finish(`${name} is sold again.`);
    } catch (error) {
      setDone(toProblem(error).detail);
    }
  };

  return (
    <Page title="Catalog">
      <div class="row">
        <label class="grow">
          Filter by name or type
          <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
      </div>
      {done && (
        <p class="note good" role="status">
          {done}{' '}
          {retired && (
            <button type="button" onClick={() => void restore(retired)}>
              Sell it again
            </button>
          )}
        </p>
      )}
      <LoadState loaded={loaded} what="products">
        {(products) => (
          <ProductTable
            products={matching(products, text)}
            onAct={mayChange ? (kind, product) => setAction({ kind, product, requestKey: newKey() }) : null}
          />
        )}
      </LoadState>
      {action && <ProductDialog {...action} onDone={finish} onClose={() => setAction(null)} />}
    </Page>
  );
}

function matching(products: readonly Product[], text: string): Product[] {
  const wanted = text.trim().toLowerCase();
  return products.filter(({ name, productType }) => `${name}\n${productType}`.toLowerCase().includes(wanted));
}

interface ProductTableProps {
  products: readonly Product[];
  onAct: ((kind: Action['kind'], product: Product) => void) | null;
}

function ProductTable({ products, onAct }: ProductTableProps) {
  if (products.length === 0) return <p class="empty">No product matches.</p>;
  return (
    <>
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
            {products.slice(0, SHOWN).map((product) => (
              <tr key={product.productId}>
                <th scope="row" data-label="Product">
                  <a href={`/orders?product_id=${product.productId}`} title="Show its orders">
                    {product.name}
                  </a>
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
                    {(['restock', 'reprice', 'retire'] as const).map((kind) => (
                      <button
                        key={kind}
                        type="button"
                        aria-label={`${NAMES[kind]} ${product.name}`}
                        onClick={() => onAct(kind, product)}
                      >
                        {NAMES[kind]}
                      </button>
                    ))}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <MoreMatches matches={products.length} shown={SHOWN} />
    </>
  );
}

const NAMES = { restock: 'Restock', reprice: 'Reprice', retire: 'Retire' };

type ProductDialogProps = Action & {
  onDone: (message: string, retired?: Product | null) => void;
  onClose: () => void;
};

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
    onDone(`${name} is no longer sold.`, product);
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
  return (
    <Dialog title={`Retire ${name}?`} action="Retire" isDangerous onConfirm={retire} onClose={onClose}>
      <p>New orders of it are refused. Orders that were placed before are not affected. It can be sold again later.</p>
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
