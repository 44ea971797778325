import { useState } from 'preact/hooks';
import { newKey, orders, read, type Customer, type CatalogProduct, type HistoryEntry } from '../api/client';
import { toProblem, type ApiProblem } from '../api/problem';
import { useEvents } from '../api/use-events';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { findCustomers } from '../customers/find-customers';
import { formatCount, formatMoney, totalOf } from '../format/money';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { ProblemNote } from '../parts/problem-note';
import { Timeline } from '../parts/timeline';
import { findProducts } from '../products/find-products';

/** The lines of the order, by the id of the product. */
type Lines = ReadonlyMap<string, { product: CatalogProduct; quantity: number }>;

/** Places an order, and shows its steps until it is settled. */
export function PlacePage() {
  const { caller } = useConsole();
  const [customerId, setCustomerId] = useState(caller.customerId ?? '');
  const [lines, setLines] = useState<Lines>(new Map());
  const [orderId, setOrderId] = useState<string | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isBusy, setBusy] = useState(false);
  // A request that is repeated because its answer was lost places no second order.
  const [key, setKey] = useState(newKey);
  const [placed, setPlaced] = useState(0);

  const change = (product: CatalogProduct, quantity: number): void => {
    const changed = new Map(lines);
    if (quantity > 0) changed.set(product.productId, { product, quantity });
    else changed.delete(product.productId);
    setLines(changed);
    setKey(newKey());
  };

  const place = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setOrderId(null);
    try {
      const products = Array.from(lines, ([productId, { quantity }]) => ({ productId, orderedQuantity: quantity }));
      const order = await read(
        orders.POST('/orderManagement/order', {
          params: { header: { 'Idempotency-Key': key } },
          body: { customerId, products },
        }),
      );
      setOrderId(order.orderId);
      setLines(new Map());
      setKey(newKey());
      setPlaced((count) => count + 1);
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Page title="Place an order">
      <form class="columns" onSubmit={(event) => void place(event)}>
        <div>
          {caller.customerId === null && (
            <ChooseCustomer
              customerId={customerId}
              onChoose={(id) => {
                setCustomerId(id);
                setKey(newKey());
              }}
            />
          )}
          <section class="panel">
            <h2>Products</h2>
            <ChooseProducts key={placed} lines={lines} onChange={change} />
          </section>
        </div>
        <div>
          <section class="panel sticky">
            <h2>The order</h2>
            <p class="total">
              {formatMoney(
                totalOf(Array.from(lines.values(), ({ product: { price }, quantity }) => ({ price, quantity }))),
              )}
            </p>
            <p class="muted">
              {customerId === '' ? 'Choose a customer. ' : ''}
              {lines.size === 0 ? 'Choose at least one product.' : ''}
            </p>
            <button type="submit" class="primary" disabled={isBusy || customerId === '' || lines.size === 0}>
              Place the order
            </button>
            {problem && (
              <ProblemNote
                problem={problem}
                ifRepeated="no second order is placed unless you change the order or leave the page."
              />
            )}
          </section>
          {orderId !== null && <Settling key={orderId} orderId={orderId} />}
        </div>
      </form>
    </Page>
  );
}

interface ChooseCustomerProps {
  customerId: string;
  onChoose: (customerId: string) => void;
}

const nameOf = ({ firstName, lastName, email }: Customer): string => `${firstName} ${lastName}, ${email}`;

function ChooseCustomer({ customerId, onChoose }: ChooseCustomerProps) {
  const [text, setText] = useState('');
  const found = useLoad(`customers ${text}`, (signal) => findCustomers(text, { limit: 8, signal }));
  return (
    <fieldset class="panel">
      <legend>Customer</legend>
      <label>
        Find by name, e-mail or id
        <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <LoadState loaded={found} what="customers">
        {({ customers }) =>
          customers.length === 0 ? (
            <p class="empty">No customer begins like this.</p>
          ) : (
            <ul class="plain">
              {customers.map((customer) => (
                <li key={customer.customerId}>
                  <label class="choice">
                    <input
                      type="radio"
                      name="customer"
                      checked={customer.customerId === customerId}
                      onChange={() => onChoose(customer.customerId)}
                    />
                    {nameOf(customer)}
                  </label>
                </li>
              ))}
            </ul>
          )
        }
      </LoadState>
    </fieldset>
  );
}

interface ChooseProductsProps {
  lines: Lines;
  onChange: (product: CatalogProduct, quantity: number) => void;
}

const LIMIT = 25;

/** Shows the products that are found, below the chosen ones that are not among them. */
function ChooseProducts({ lines, onChange }: ChooseProductsProps) {
  const [text, setText] = useState('');
  const [cursor, setCursor] = useState<string | null>(null);
  const found = useLoad(
    `products ${text} ${cursor}`,
    (signal) => findProducts(text, { kind: 'sold', limit: LIMIT, cursor, signal }),
    30_000,
  );
  const products = found.data?.products ?? [];
  const chosen = Array.from(lines.values(), ({ product }) => product).filter(
    ({ productId }) => !products.some((product) => product.productId === productId),
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
      <div class="scroll" tabIndex={0} role="region" aria-label="Table: Products to order">
        <table>
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
            {[...chosen, ...products].map((product) => (
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
                    value={lines.get(product.productId)?.quantity ?? ''}
                    onInput={(event) => onChange(product, Math.trunc(event.currentTarget.valueAsNumber) || 0)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <LoadState loaded={found} what="products">
        {({ count, next }) => (
          <>
            {count === 0 && <p class="empty">No product matches.</p>}
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

/** Shows the steps of an order that was just placed, as they happen. */
function Settling({ orderId }: { orderId: string }) {
  const [steps, setSteps] = useState<HistoryEntry[]>([]);
  useEvents(
    orderId,
    ({ step, time, reason }) => setSteps((before) => [...before, { step, time, reason, actor: null }]),
    () => setSteps([]), // all steps arrive again
  );
  const last = steps.at(-1)?.step;
  const isSettled = steps.some(({ step }) => step === 'shipped' || step === 'cancelled');
  return (
    <section class="panel" aria-live="polite">
      <h2>
        Order <a href={`/orders/${orderId}`}>{orderId.slice(0, 8)}</a>
      </h2>
      <Timeline steps={steps} />
      <p role="status">
        {isSettled
          ? `The order is settled: ${last === 'shipped' ? 'shipped' : 'cancelled'}.`
          : 'Waiting for the next step …'}
      </p>
    </section>
  );
}
