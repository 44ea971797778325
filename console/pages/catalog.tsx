import { useState } from 'preact/hooks';
import { answerOf, newKey, orders, read, type Product } from '../api/client';
import { ApiProblem, toProblem } from '../api/problem';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { formatCount, formatMoney, parseMoney } from '../format/money';
import { Dialog } from '../parts/dialog';
import { textOf } from '../parts/form-text';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { ProblemNote } from '../parts/problem-note';
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
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const mayChange = caller.role !== 'customer';

  const finish = (message: string, retiredProduct: Product | null = null): void => {
    setDone(message);
    setRetired(retiredProduct);
    loaded.reload();
  };
  const restore = async ({ productId, name }: Product): Promise<void> => {
    setProblem(null);
    try {
      await read(orders.POST('/orderManagement/product/{id}/restore', { params: { path: { id: productId } } }));
      finish(`${name} is sold again.`);
    } catch (error) {
      setProblem(toProblem(error));
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
      {problem && <ProblemNote problem={problem} ifRepeated="a product that is sold already does not change." />}
      <LoadState loaded={loaded} what="products">
        {(products) => (
          <ProductTable
            products={matching(products, text)}
            onAct={mayChange ? (kind, product) => setAction({ kind, product, requestKey: newKey() }) : null}
          />
        )}
      </LoadState>
      {action && <ProductDialog {...action} onDone={finish} onFailed={loaded.reload} onClose={() => setAction(null)} />}
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
  /** Called if it is not known whether the product was changed, or if it was not. */
  onFailed: () => void;
  onClose: () => void;
};

function ProductDialog({ kind, product, requestKey, onDone, onFailed, onClose }: ProductDialogProps) {
  const { productId, name, price, quantityAvailable } = product;
  const path = { id: productId };
  const restock = async (form: FormData): Promise<void> => {
    const changed = await restockOnce(product, Number(form.get('quantity')), requestKey);
    onDone(`${name} now has ${formatCount(changed.quantityAvailable)} units.`);
  };
  const reprice = async (form: FormData): Promise<void> => {
    const amount = parseMoney(textOf(form, 'price'));
    if (amount === null) throw new ApiProblem(422, 'no-amount', 'This is no price', 'Enter an amount such as 12.50.');
    onDone(`${name} now costs ${formatMoney((await repriceUnchanged(product, amount)).price)}.`);
  };
  const retire = async (): Promise<void> => {
    await read(orders.POST('/orderManagement/product/{id}/retire', { params: { path } }));
    onDone(`${name} is no longer sold.`, product);
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
  return (
    <Dialog
      title={`Retire ${name}?`}
      action="Retire"
      ifRepeated="a product that is retired already does not change."
      isDangerous
      {...confirming(retire)}
    >
      <p>New orders of it are refused. Orders that were placed before are not affected. It can be sold again later.</p>
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
      'Your first request, whose answer was lost, has changed it by another number. Close the dialog.',
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
