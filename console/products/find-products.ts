import { answerOf, linkedQuery, orders, read, type CatalogProduct } from '../api/client';

/** Which products are found. */
export type Kind = 'sold' | 'retired' | 'all';

/** A page of products. */
export interface FoundProducts {
  products: CatalogProduct[];
  /** How many products match on all pages. */
  count: number;
  isEstimate: boolean;
  /** Where the next page begins; null if this is the last one. */
  next: string | null;
}

const RETIRED = { sold: 'false', retired: 'true', all: undefined } as const;

/** Finds products by a part of the name or of the type, sorted by name; all products for an empty text. */
export async function findProducts(
  text: string,
  { kind, limit, cursor, signal }: { kind: Kind; limit: number; cursor: string | null; signal: AbortSignal },
): Promise<FoundProducts> {
  const find = text.trim();
  const retired = RETIRED[kind];
  const query = {
    ...(find !== '' && { find }),
    ...(retired !== undefined && { retired }),
    ...(cursor !== null && { cursor }),
    limit,
  };
  const { data, headers } = await answerOf(orders.GET('/orderManagement/catalog', { signal, params: { query } }));
  return {
    products: data,
    count: Number(headers.get('x-total-count')),
    isEstimate: headers.has('x-total-count-estimated'),
    next: linkedQuery(headers, 'next')?.get('cursor') ?? null,
  };
}

const MAX_IDS_PER_REQUEST = 100;

/** Reads products with their newest price and stock. One that is missing was deleted, or was retired and the reader is a customer. */
export async function readProducts(ids: readonly string[], signal: AbortSignal): Promise<CatalogProduct[]> {
  const products: CatalogProduct[] = [];
  for (let at = 0; at < ids.length; at += MAX_IDS_PER_REQUEST) {
    const query = { product_id: ids.slice(at, at + MAX_IDS_PER_REQUEST), limit: MAX_IDS_PER_REQUEST };
    products.push(...(await read(orders.GET('/orderManagement/catalog', { signal, params: { query } }))));
  }
  return products;
}
