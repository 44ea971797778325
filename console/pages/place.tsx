import { useEffect, useRef, useState } from 'preact/hooks';
import { newKey, orders, read, type Customer, type HistoryEntry, type Order } from '../api/client';
import { toProblem, type ApiProblem } from '../api/problem';
import { useEvents } from '../api/use-events';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { fullNameOf } from '../customers/full-name';
import { formatMoney } from '../format/money';
import { linesOf, orderTotal } from '../orders/order-lines';
import { Page } from '../parts/page';
import { ProblemNote } from '../parts/problem-note';
import { Timeline } from '../parts/timeline';
import { ChooseCustomer } from '../place/choose-customer';
import { ChooseProducts } from '../place/choose-products';
import { totalOfLines, withNewest, type DraftLine } from '../place/draft-line';
import { DraftOrder } from '../place/draft-order';
import { readProducts } from '../products/find-products';

/** An order that was placed, and what the page said before. */
interface Placed {
  order: Order;
  /** Null if the reader is the customer. */
  customer: Customer | null;
  /** The total that the page showed, as text. */
  displayedTotal: string;
}

/** Places an order, and shows its steps until it is settled. */
export function PlacePage() {
  const { caller } = useConsole();
  const [customer, setCustomer] = useState<Customer | null>(null);
  const [lines, setLines] = useState<DraftLine[]>([]);
  const [placed, setPlaced] = useState<Placed | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isBusy, setBusy] = useState(false);
  // A request that is repeated because its answer was lost places no second order.
  const [key, setKey] = useState(newKey);
  // The next order begins with empty searches.
  const [formKey, setFormKey] = useState(0);
  const customerId = caller.customerId ?? customer?.customerId;

  const ids = lines.map(({ product }) => product.productId);
  const newest = useLoad(`chosen ${ids.join()}`, (signal) => readProducts(ids, signal), 30_000);
  useEffect(() => {
    const { data } = newest;
    if (data) setLines((before) => withNewest(before, data));
  }, [newest.data]);

  const change = (line: DraftLine): void => {
    if (isBusy) return; // what is being sent does not change
    const at = ids.indexOf(line.product.productId);
    const changed = at === -1 ? [...lines, line] : lines.with(at, line);
    setLines(changed.filter(({ quantity }) => quantity > 0));
    setKey(newKey());
  };

  const place = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy || customerId === undefined) return;
    setBusy(true);
    setProblem(null);
    setPlaced(null);
    try {
      const products = lines.map(({ product: { productId }, quantity }) => ({ productId, orderedQuantity: quantity }));
      const order = await read(
        orders.POST('/orderManagement/order', {
          params: { header: { 'Idempotency-Key': key } },
          body: { customerId, products },
        }),
      );
      setPlaced({ order, customer, displayedTotal: formatMoney(totalOfLines(lines)) });
      setCustomer(null);
      setLines([]);
      setKey(newKey());
      setFormKey((count) => count + 1);
    } catch (error) {
      setProblem(toProblem(error));
      newest.reload(); // shows which product is retired or short
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
              key={`customer ${formKey}`}
              chosen={customer}
              onChoose={(chosen) => {
                if (isBusy) return;
                setCustomer(chosen);
                setKey(newKey());
              }}
            />
          )}
          <section class="panel">
            <h2>Products</h2>
            <ChooseProducts key={`products ${formKey}`} lines={lines} onChange={change} />
          </section>
        </div>
        <div>
          <section class="panel" aria-labelledby="draft">
            <h2 id="draft">The order</h2>
            <DraftOrder
              customer={caller.customerId === null ? customer : undefined}
              lines={lines}
              onRemove={(line) => change({ ...line, quantity: 0 })}
            />
            <button
              type="submit"
              class="primary"
              aria-disabled={isBusy}
              disabled={customerId === undefined || lines.length === 0}
            >
              Place the order
            </button>
            {problem && (
              <ProblemNote
                problem={problem}
                ifRepeated="no second order is placed unless you change the order or leave the page."
              />
            )}
          </section>
          {placed && <Settling key={placed.order.orderId} {...placed} />}
        </div>
      </form>
    </Page>
  );
}

/** Shows the steps of an order that was just placed, as they happen. */
function Settling({ order, customer, displayedTotal }: Placed) {
  const { orderId } = order;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []); // the button that had the focus is disabled now
  const [steps, setSteps] = useState<HistoryEntry[]>([]);
  useEvents(
    orderId,
    ({ step, time, reason }) => setSteps((before) => [...before, { step, time, reason, actor: null }]),
    () => setSteps([]), // all steps arrive again
  );
  const settled = steps.find(({ step }) => step === 'shipped' || step === 'cancelled');
  const total = formatMoney(orderTotal(order));
  return (
    <section class="panel" aria-live="polite">
      <h2 ref={heading} tabIndex={-1}>
        Order <a href={`/orders/${orderId}`}>{orderId.slice(0, 8)}</a>
      </h2>
      <p>
        {customer && `For ${fullNameOf(customer)}: `}
        {linesOf(order)}, <strong>{total}</strong>
      </p>
      {total !== displayedTotal && (
        <p class="note">
          The total is {total} instead of {displayedTotal}, because a price changed before the order was accepted.
        </p>
      )}
      <Timeline steps={steps} />
      <p role="status">{settled ? `The order is settled: ${settled.step}.` : 'Waiting for the next step …'}</p>
    </section>
  );
}
