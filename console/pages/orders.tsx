import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { answerOf, linkedQuery, orders, read, type Answer, type Caller, type Order } from '../api/client';
import { toProblem, type ApiProblem } from '../api/problem';
import { useEvents } from '../api/use-events';
import { useLoad } from '../api/use-load';
import { useReloadSoon } from '../api/use-reload-soon';
import { useConsole } from '../console-context';
import { findCustomers } from '../customers/find-customers';
import { useCustomerNames } from '../customers/use-customer-names';
import { formatCount, formatMoney } from '../format/money';
import { formatTime } from '../format/time';
import { ExportButton } from '../orders/export-button';
import { NewOrders } from '../orders/new-orders';
import { linesOf, orderTotal } from '../orders/order-lines';
import {
  DEFAULT_SORT,
  isFiltered,
  isId,
  quoted,
  toApiQuery,
  withFilter,
  withPageOf,
  withSort,
} from '../orders/order-query';
import { OrderFilters } from '../orders/order-filters';
import { textOf } from '../parts/form-text';
import { Live } from '../parts/live';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { ProblemNote } from '../parts/problem-note';
import { ShortId } from '../parts/short-id';
import { Status } from '../parts/status';
import { Table } from '../parts/table';
import { navigate, usePlace } from '../router';

const load = (query: URLSearchParams, signal: AbortSignal): Promise<Answer<Order[]>> =>
  answerOf(orders.GET('/orderManagement/order', { signal, querySerializer: () => query.toString() }));

const go = (changed: URLSearchParams): void => navigate(`/orders?${changed}`);

/** The orders that match the filters of the address, with their live status. */
export function OrdersPage() {
  const { query } = usePlace();
  const apiQuery = toApiQuery(query);
  const loaded = useLoad(`orders ${apiQuery}`, (signal) => load(apiQuery, signal));
  const placed = useMemo(() => new Set<string>(), [`${apiQuery}`]);
  const [, countEvent] = useState(0);
  const shown = new Set(loaded.data?.data.map(({ orderId }) => orderId));
  const reloadSoon = useReloadSoon(loaded);
  const stream = useEvents(
    null,
    ({ orderId, step }) => {
      if (shown.has(orderId)) reloadSoon();
      else if (step === 'accepted') {
        placed.add(orderId);
        countEvent((count) => count + 1); // the set itself does not render the page
      }
    },
    reloadSoon,
  );
  const total = loaded.data ? totalOf(loaded.data) : '';
  const list = withFilter(query, {}); // begins with the first page
  const show = (): void => {
    placed.clear();
    if (`${list}` === `${query}`) loaded.reload();
    else go(list);
  };

  return (
    <Page title="Orders" aside={<Live state={stream} />}>
      <Find />
      <OrderFilters query={query} onChange={go} />
      <NewOrders
        count={placed.size - [...shown].filter((orderId) => placed.has(orderId)).length}
        isFiltered={isFiltered(query)}
        onShow={show}
      />
      <div class="row summary">
        <p class="grow">{total}</p>
        <ExportButton key={`${list}`} query={list} total={total} />
      </div>
      <LoadState loaded={loaded} what="orders">
        {({ data, headers }) => (
          <>
            {data.length === 0 ? (
              <p class="empty">No order matches these filters.</p>
            ) : (
              <OrderTable found={data} query={query} onSort={(key) => go(withSort(query, key))} />
            )}
            <Pages headers={headers} query={query} />
          </>
        )}
      </LoadState>
    </Page>
  );
}

/** Says how many orders match. */
function totalOf({ headers }: Answer<Order[]>): string {
  const count = Number(headers.get('x-total-count'));
  const about = headers.has('x-total-count-estimated') ? 'about ' : '';
  return `${about}${formatCount(count)} ${count === 1 ? 'order' : 'orders'}`;
}

/** Finds an order, a customer or a product by its id, and orders by a part of the name of a product. */
function Find() {
  const { caller } = useConsole();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  // A late answer must not lead away from another page, or from the result of a later search.
  const searches = useRef(0);
  useEffect(() => () => void searches.current++, []);

  const find = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const text = textOf(new FormData(event.target as HTMLFormElement), 'find').trim();
    setProblem(null);
    if (text === '') return;
    const search = ++searches.current;
    try {
      const address = await addressOfText(text, caller.role);
      if (search === searches.current) navigate(address);
    } catch (error) {
      if (search === searches.current) setProblem(toProblem(error));
    }
  };

  return (
    <form role="search" class="row" onSubmit={(event) => void find(event)}>
      <label class="grow">
        Find an order
        <input
          name="find"
          type="search"
          placeholder="Id of an order, customer or product, part of the name of a product, or e-mail"
        />
      </label>
      <button type="submit">Find</button>
      {problem && <ProblemNote problem={problem} />}
    </form>
  );
}

/** Returns the address that shows what a text stands for. @throws {ApiProblem} if it is an id of nothing */
async function addressOfText(text: string, role: Caller['role']): Promise<string> {
  if (isId(text)) return addressOf(text);
  if (text.includes('@') && role === 'operator') return addressOfCustomer(text);
  return `/orders?${withFilter(new URLSearchParams(), { expression: `name CONTAINS ${quoted(text)}` })}`;
}

/** Finds out what an id belongs to. @throws {ApiProblem} if it is none of an order, and of no customer or product either */
async function addressOf(id: string): Promise<string> {
  const path = { params: { path: { id } } };
  const [order, customer, product] = await Promise.allSettled([
    read(orders.GET('/orderManagement/order/{id}', path)),
    read(orders.GET('/orderManagement/customer/{id}', path)),
    read(orders.GET('/orderManagement/product/{id}', path)),
  ]);
  if (order.status === 'fulfilled') return `/orders/${id}`;
  if (customer.status === 'fulfilled') return `/orders?customer_id=${id}`;
  if (product.status === 'fulfilled') return `/orders?product_id=${id}`;
  throw order.reason;
}

/**
 * Returns the address of the customer's orders if exactly one customer has the e-mail or contains the text; otherwise that of
 * the list of customers.
 */
async function addressOfCustomer(email: string): Promise<string> {
  const { customers } = await findCustomers(email, { limit: 25 });
  const equal = customers.filter((one) => one.email.toLowerCase() === email.toLowerCase());
  const [customer, another] = equal.length > 0 ? equal : customers;
  return customer && !another
    ? `/orders?customer_id=${customer.customerId}`
    : `/customers?find=${encodeURIComponent(email)}`;
}

interface OrderTableProps {
  found: readonly Order[];
  query: URLSearchParams;
  onSort: (key: string) => void;
}

function OrderTable({ found, query, onSort }: OrderTableProps) {
  const names = useCustomerNames(found);
  const sort = query.get('sort') ?? DEFAULT_SORT;
  const sorted = (key: string) => (sort === key ? 'ascending' : sort === `-${key}` ? 'descending' : undefined);
  const sortable = (key: string, name: string) => (
    <th scope="col" aria-sort={sorted(key)}>
      <button type="button" class="sort" onClick={() => onSort(key)}>
        {name} <span aria-hidden="true">{sort === key ? '↑' : sort === `-${key}` ? '↓' : '↕'}</span>
      </button>
    </th>
  );
  return (
    <Table name="Orders" isCards>
      <thead>
        <tr>
          <th scope="col">Order</th>
          {sortable('order_date', 'Placed')}
          <th scope="col">Status</th>
          <th scope="col">Payment</th>
          <th scope="col">Customer</th>
          {sortable('product_name', 'Products')}
          <th scope="col" class="number">
            Total
          </th>
        </tr>
      </thead>
      <tbody>
        {found.map((order) => (
          <tr key={order.orderId}>
            <th scope="row" data-label="Order">
              <ShortId id={order.orderId} href={`/orders/${order.orderId}`} />
            </th>
            <td data-label="Placed">{formatTime(order.orderDate)}</td>
            <td data-label="Status">
              <Status value={order.orderStatus} />
              {order.cancellation && <span class="muted"> {order.cancellation.reason}</span>}
            </td>
            <td data-label="Payment">
              <Status value={order.paymentStatus} />
            </td>
            <td data-label="Customer">
              {order.customerId === null ? (
                'none'
              ) : (
                <a href={`/orders?customer_id=${order.customerId}`}>
                  {names.get(order.customerId) ?? <code>{order.customerId.slice(0, 8)}</code>}
                </a>
              )}
            </td>
            <td data-label="Products">{linesOf(order)}</td>
            <td data-label="Total" class="number">
              {formatMoney(orderTotal(order))}
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Pages({ headers, query }: { headers: Headers; query: URLSearchParams }) {
  const linkTo = (relation: 'first' | 'prev' | 'next', name: string) => {
    const linked = linkedQuery(headers, relation);
    return linked && <a href={`/orders?${withPageOf(query, linked)}`}>{name}</a>;
  };
  return (
    <nav class="pages" aria-label="Pages">
      {linkedQuery(headers, 'prev') && linkTo('first', 'First page')}
      {linkTo('prev', 'Previous page')}
      {linkTo('next', 'Next page')}
    </nav>
  );
}
