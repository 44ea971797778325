import { useState } from 'preact/hooks';
import { newKey, orders, read, type Customer, type HistoryEntry, type Product } from '../api/client';
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
import { loadProducts } from '../products/load-products';
import { MoreMatches } from '../products/more-matches';

/** Places an order, and shows its steps until it is settled. */
export function PlacePage() {
  const { caller } = useConsole();
  const [customerId, setCustomerId] = useState(caller.customerId ?? '');
  const [quantities, setQuantities] = useState<ReadonlyMap<string, number>>(new Map());
  const [orderId, setOrderId] = useState<string | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isBusy, setBusy] = useState(false);
  // A request that is repeated because its answer was lost places no second order.
  const [key, setKey] = useState(newKey);
  const products = useLoad('products', loadProducts);

  const change = (productId: string, quantity: number): void => {
    const changed = new Map(quantities);
    if (quantity > 0) changed.set(productId, quantity);
    else changed.delete(productId);
    setQuantities(changed);
    setKey(newKey());
  };

  const place = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setOrderId(null);
    try {
      const lines = Array.from(quantities, ([productId, orderedQuantity]) => ({ productId, orderedQuantity }));
      const placed = await read(
        orders.POST('/orderManagement/order', {
          params: { header: { 'Idempotency-Key': key } },
          body: { customerId, products: lines },
        }),
      );
      setOrderId(placed.orderId);
      setQuantities(new Map());
      setKey(newKey());
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      products.reload();
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
            <LoadState loaded={products} what="products">
              {(all) => <ChooseProducts products={all} quantities={quantities} onChange={change} />}
            </LoadState>
          </section>
        </div>
        <div>
          <section class="panel sticky">
            <h2>The order</h2>
            <p class="total">{formatMoney(totalOf(linesWithPrices(products.data ?? [], quantities)))}</p>
            <p class="muted">
              {customerId === '' ? 'Choose a customer. ' : ''}
              {quantities.size === 0 ? 'Choose at least one product.' : ''}
            </p>
            <button type="submit" class="primary" disabled={isBusy || customerId === '' || quantities.size === 0}>
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

const linesWithPrices = (products: readonly Product[], quantities: ReadonlyMap<string, number>) =>
  products.flatMap(({ productId, price }) => {
    const quantity = quantities.get(productId);
    return quantity === undefined ? [] : [{ price, quantity }];
  });

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
  products: readonly Product[];
  quantities: ReadonlyMap<string, number>;
  onChange: (productId: string, quantity: number) => void;
}

const SHOWN = 50;

function ChooseProducts({ products, quantities, onChange }: ChooseProductsProps) {
  const [text, setText] = useState('');
  const matching = products.filter(
    ({ productId, name }) => quantities.has(productId) || name.toLowerCase().includes(text.toLowerCase()),
  );
  return (
    <>
      <label>
        Filter by name
        <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
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
            {matching.slice(0, SHOWN).map(({ productId, name, price, quantityAvailable }) => (
              <tr key={productId}>
                <th scope="row">{name}</th>
                <td class="number">{formatMoney(price)}</td>
                <td class="number">{formatCount(quantityAvailable)}</td>
                <td>
                  <input
                    class="quantity"
                    type="number"
                    min={0}
                    step={1}
                    aria-label={`Quantity of ${name}`}
                    value={quantities.get(productId) ?? ''}
                    onInput={(event) => onChange(productId, Math.trunc(event.currentTarget.valueAsNumber) || 0)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <MoreMatches matches={matching.length} shown={SHOWN} />
    </>
  );
}

/** Shows the steps of an order that was just placed, as they happen. */
function Settling({ orderId }: { orderId: string }) {
  const [steps, setSteps] = useState<HistoryEntry[]>([]);
  useEvents(orderId, ({ step, time, reason }) =>
    setSteps((before) => [...before, { step, time, reason, actor: null }]),
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
