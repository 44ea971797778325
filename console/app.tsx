import { useEffect, useMemo, useState } from 'preact/hooks';
import { createPaymentClient, orders, read, type Caller } from './api/client';
import { forgetCredential, onForgotten, readCredential } from './api/session';
import { useLoad } from './api/use-load';
import { Context } from './console-context';
import { AttentionPage } from './pages/attention';
import { CatalogPage } from './pages/catalog';
import { CustomersPage } from './pages/customers';
import { OrderPage } from './pages/order';
import { OrdersPage } from './pages/orders';
import { PlacePage } from './pages/place';
import { SignInPage } from './pages/sign-in';
import { TodayPage } from './pages/today';
import { Page } from './parts/page';
import { ProblemNote } from './parts/problem-note';
import { followLink, usePlace } from './router';

/** The pages in the navigation, and the roles that see each. */
const PAGES: readonly { path: string; name: string; roles: readonly Caller['role'][] }[] = [
  { path: '/orders', name: 'Orders', roles: ['operator', 'customer'] },
  { path: '/place', name: 'Place an order', roles: ['operator', 'customer'] },
  { path: '/catalog', name: 'Catalog', roles: ['operator', 'catalog', 'customer'] },
  { path: '/customers', name: 'Customers', roles: ['operator'] },
  { path: '/attention', name: 'Attention', roles: ['operator'] },
  { path: '/today', name: 'Today', roles: ['operator'] },
];

/** The console: identifies the reader, then shows the page of the address. */
export function App() {
  const [session, setSession] = useState(0);
  useEffect(() => onForgotten(() => setSession((count) => count + 1)), []);
  const loaded = useLoad(`session ${session}`, async (signal) => ({
    caller: await read(orders.GET('/orderManagement/me', { signal })),
    settings: await read(orders.GET('/orderManagement/console-settings', { signal })),
  }));
  const { data, problem } = loaded;
  const origin = data?.settings.paymentApiOrigin;
  const payments = useMemo(() => createPaymentClient(origin ?? null), [origin]);

  if (problem?.status === 401) return <SignInPage onSignedIn={() => setSession((count) => count + 1)} />;
  if (problem && !data) {
    return (
      <Page title="Shop console">
        <ProblemNote problem={problem} onRetry={loaded.reload} />
      </Page>
    );
  }
  if (!data) {
    return (
      <p class="loading" role="status">
        Loading the console …
      </p>
    );
  }
  return (
    <Context.Provider value={{ ...data, payments }}>
      <Shell caller={data.caller} />
    </Context.Provider>
  );
}

function Shell({ caller }: { caller: Caller }) {
  const { path } = usePlace();
  const pages = PAGES.filter(({ roles }) => roles.includes(caller.role));
  return (
    <div onClick={followLink}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/">
          Shop console
        </a>
        <nav aria-label="Main">
          <ul>
            {pages.map(({ path: target, name }) => (
              <li key={target}>
                <a href={target} aria-current={isCurrent(path, target, pages) ? 'page' : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="caller">
          <span>
            {caller.role}
            <span class="muted"> {caller.actor}</span>
          </span>
          {readCredential() !== null && (
            <button type="button" onClick={forgetCredential}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <CurrentPage path={path} caller={caller} />
    </div>
  );
}

const isCurrent = (path: string, target: string, [first]: { path: string }[]): boolean =>
  path === target || path.startsWith(`${target}/`) || (path === '/' && first?.path === target);

function CurrentPage({ path, caller }: { path: string; caller: Caller }) {
  const [, section = '', id] = path.split('/');
  const first = PAGES.find(({ roles }) => roles.includes(caller.role));
  const target = section === '' ? (first?.path ?? '') : `/${section}`;
  const page = PAGES.find((one) => one.path === target);
  if (page && !page.roles.includes(caller.role)) {
    return (
      <Page title={page.name}>
        <p class="note">
          The page needs the role {page.roles.join(' or ')}. This credential has the role {caller.role}.
        </p>
      </Page>
    );
  }
  switch (target) {
    case '/orders':
      return id === undefined ? <OrdersPage /> : <OrderPage key={id} orderId={id} />;
    case '/place':
      return <PlacePage />;
    case '/catalog':
      return <CatalogPage />;
    case '/customers':
      return <CustomersPage />;
    case '/attention':
      return <AttentionPage />;
    case '/today':
      return <TodayPage />;
    default:
      return (
        <Page title="Not found">
          <p class="note">The console has no page at this address.</p>
        </Page>
      );
  }
}
