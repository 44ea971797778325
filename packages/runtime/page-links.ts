/** Each link repeats the query. Clients and proxies refuse a response whose headers exceed 16 kB. */
const MAX_LENGTH = 8_000;

/** The query parameters of a request; a repeated one has several values. */
export type Query = Readonly<Record<string, unknown>>;

/** The parameters that select a page, such as `cursor`. */
export type PageParameters = Readonly<Record<string, string>>;

/**
 * Makes the header `Link` (RFC 8288) of a page. Its targets are relative to the request, so that they are correct behind a
 * proxy, and repeat its parameters except those that select its page. If the query is very long, the header has only the
 * first link.
 *
 * @param pages the parameters of each related page; null if it does not exist
 */
export function pageLinks(query: Query, pages: Readonly<Record<string, PageParameters | null>>): string {
  const links = Object.entries(pages).flatMap(([relation, page]) =>
    page ? [`<?${targetOf(query, page)}>; rel="${relation}"`] : [],
  );
  const header = links.join(', ');
  return header.length <= MAX_LENGTH ? header : (links[0] ?? '');
}

function targetOf(query: Query, page: PageParameters): string {
  const target = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    if (name === 'cursor' || name === 'offset') continue;
    for (const value of [values].flat()) if (typeof value === 'string') target.append(name, value);
  }
  for (const [name, value] of Object.entries(page)) target.set(name, value);
  return target.toString();
}
