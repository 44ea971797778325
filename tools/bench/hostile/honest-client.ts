import type { Post } from '../load/load';
import { postInChildProcess } from '../measurement/measure';
import { quantile } from '../measurement/statistics';

const ORDERS_PER_SECOND = 20;

/** How an honest client was served. */
export interface Service {
  p50: number;
  p99: number;
  orders: number;
  /** The statuses of the orders that were not answered 201; 0 if there was no response. */
  failures: number[];
}

/** Places orders at a fixed rate for some seconds. @param url that accepts `POST` of an order */
export async function placeOrders(url: string, seconds: number): Promise<Service> {
  const load = { kind: 'paced', ordersPerSecond: ORDERS_PER_SECOND, seconds } as const;
  return serviceOf(await postInChildProcess({ url, load }));
}

function serviceOf(posts: Post[]): Service {
  const times = posts.map(({ tookMs }) => tookMs);
  return {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    orders: posts.length,
    failures: posts.map(({ status }) => status).filter((status) => status !== 201),
  };
}
