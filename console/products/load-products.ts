import { orders, read, type Product } from '../api/client';

const PAGE = 100;
/** The console filters the catalog in the browser. Larger catalogs need a search of the API. */
const MAX_PRODUCTS = 5_000;

/** Loads the products that are sold, sorted by name. @throws {ApiProblem} if a page cannot be read */
export async function loadProducts(signal: AbortSignal): Promise<Product[]> {
  const products: Product[] = [];
  for (let offset = 0; offset < MAX_PRODUCTS; offset += PAGE) {
    const query = { paginationOffset: String(offset), paginationLimit: String(PAGE) };
    const page = await read(orders.GET('/orderManagement/products', { signal, params: { query } }));
    products.push(...page);
    if (page.length < PAGE) break;
  }
  return products.toSorted((one, other) => one.name.localeCompare(other.name));
}
