import { useState } from 'preact/hooks';
import type { Customer } from '../api/client';
import { useLoad } from '../api/use-load';
import { findCustomers } from '../customers/find-customers';
import { fullNameOf } from '../customers/full-name';
import { LoadState } from '../parts/load-state';

interface ChooseCustomerProps {
  chosen: Customer | null;
  onChoose: (customer: Customer) => void;
}

/** Finds the customer of an order. A choice outlasts another search; the order shows it. */
export function ChooseCustomer({ chosen, onChoose }: ChooseCustomerProps) {
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
            <p class="empty">No customer matches.</p>
          ) : (
            <ul class="plain">
              {customers.map((customer) => (
                <li key={customer.customerId}>
                  <label class="choice">
                    <input
                      type="radio"
                      name="customer"
                      checked={customer.customerId === chosen?.customerId}
                      onChange={() => onChoose(customer)}
                    />
                    {fullNameOf(customer)}
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
