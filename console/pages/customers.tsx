import { useState } from 'preact/hooks';
import { useLoad } from '../api/use-load';
import { findCustomers } from '../customers/find-customers';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { Table } from '../parts/table';
import { navigate, usePlace } from '../router';

const addressOf = (parameters: Record<string, string>): string => `/customers?${new URLSearchParams(parameters)}`;

/** The customers, with links to their orders. */
export function CustomersPage() {
  const { query } = usePlace();
  const [find, cursor] = [query.get('find') ?? '', query.get('cursor')];
  const [text, setText] = useState(find);
  const found = useLoad(`customers ${find} ${cursor}`, (signal) => findCustomers(find, { limit: 25, cursor, signal }));
  const search = (event: SubmitEvent): void => {
    event.preventDefault();
    navigate(addressOf(text.trim() === '' ? {} : { find: text.trim() }));
  };

  return (
    <Page title="Customers">
      <form role="search" class="row" onSubmit={search}>
        <label class="grow">
          Find a customer
          <input
            type="search"
            placeholder="Parts of a name or an e-mail, or an id"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Find</button>
      </form>
      <LoadState loaded={found} what="customers">
        {({ customers, next }) => (
          <>
            {customers.length === 0 && <p class="empty">No customer matches.</p>}
            {customers.length > 0 && (
              <Table name="Customers" isCards>
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">E-mail</th>
                    <th scope="col">Id</th>
                    <th scope="col">Orders</th>
                  </tr>
                </thead>
                <tbody>
                  {customers.map(({ customerId, firstName, lastName, email }) => (
                    <tr key={customerId}>
                      <th scope="row" data-label="Name">
                        {firstName} {lastName}
                      </th>
                      <td data-label="E-mail">{email}</td>
                      <td data-label="Id">
                        <code>{customerId}</code>
                      </td>
                      <td data-label="Orders">
                        <a
                          href={`/orders?customer_id=${customerId}`}
                          aria-label={`Show orders of ${firstName} ${lastName}`}
                        >
                          Show orders
                        </a>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </Table>
            )}
            <nav class="pages" aria-label="Pages">
              {cursor !== null && <a href={addressOf(find === '' ? {} : { find })}>First page</a>}
              {next !== null && <a href={addressOf({ ...(find !== '' && { find }), cursor: next })}>Next page</a>}
            </nav>
          </>
        )}
      </LoadState>
    </Page>
  );
}
