import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { orderBody } from './fixture';

export type Load =
  /** A closed loop: each connection sends its next order when the previous one was answered. */
  | { kind: 'burst'; orders: number; connections: number }
  /** An open loop: a fixed rate, independent of the responses. */
  | { kind: 'paced'; ordersPerSecond: number; seconds: number };

/** One POST of an order, and its response. */
export interface Post {
  /** The order's id if the status is 201; otherwise null. */
  orderId: string | null;
  /** The HTTP status; 0 if there was no response. */
  status: number;
  /** Whether the response has a `Retry-After` header. */
  retryAfter: boolean;
  /** In milliseconds since 1970. */
  sentAtMs: number;
  tookMs: number;
}

export interface LoadTask {
  /** The URL that accepts `POST` of an order. */
  url: string;
  load: Load;
}

const RESPONSE_TIMEOUT_MS = 60_000;

/**
 * Applies a load. Runs in a separate process (`load-process.ts`), so that its CPU time is not counted for a candidate.
 *
 * @returns the POSTs, in the order in which they were sent
 */
export async function postOrders({ url, load }: LoadTask): Promise<Post[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.kind === 'burst' ? load.connections : 256 });
  const post = (n: number): Promise<Post> => postOrder(url, orderBody(n), agent);
  const posts = load.kind === 'burst' ? await postBurst(post, load) : await postPaced(post, load);
  agent.destroy();
  return posts;
}

async function postBurst(
  post: (n: number) => Promise<Post>,
  { orders, connections }: { orders: number; connections: number },
): Promise<Post[]> {
  const posts: Post[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < orders) {
      const n = next++;
      posts[n] = await post(n);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return posts;
}

async function postPaced(
  post: (n: number) => Promise<Post>,
  { ordersPerSecond, seconds }: { ordersPerSecond: number; seconds: number },
): Promise<Post[]> {
  const startedAt = performance.now();
  const posts: Promise<Post>[] = [];
  while (posts.length < ordersPerSecond * seconds) {
    if (performance.now() - startedAt >= (posts.length * 1_000) / ordersPerSecond) posts.push(post(posts.length));
    else await delay(1);
  }
  return Promise.all(posts);
}

async function postOrder(url: string, body: string, agent: Agent): Promise<Post> {
  const sentAtMs = performance.timeOrigin + performance.now();
  const response = (await send(url, body, agent)) ?? (await send(url, body, false)) ?? NO_RESPONSE;
  return { ...response, sentAtMs, tookMs: performance.timeOrigin + performance.now() - sentAtMs };
}

type PostResponse = Pick<Post, 'status' | 'retryAfter' | 'orderId'>;

const NO_RESPONSE: PostResponse = { status: 0, retryAfter: false, orderId: null };

/**
 * Sends one request.
 *
 * @param agent whose connections are used; false for a new connection
 * @returns null if the server closed a reused connection. The server has not read the request then, so it can be repeated
 *   safely, as every client with keep-alive connections must
 */
function send(url: string, body: string, agent: Agent | false): Promise<PostResponse | null> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const outgoing = request(url, { method: 'POST', agent, headers, timeout: RESPONSE_TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const orderId = status === 201 ? (JSON.parse(text) as { orderId: string }).orderId : null;
        resolve({ status, retryAfter: response.headers['retry-after'] !== undefined, orderId });
      });
      response.on('close', () => resolve(NO_RESPONSE)); // truncated; after 'end' this has no effect
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`No response within ${RESPONSE_TIMEOUT_MS} ms.`)));
    outgoing.on('error', (error) => {
      const idleConnectionClosed = outgoing.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
      resolve(idleConnectionClosed ? null : NO_RESPONSE);
    });
    outgoing.end(body);
  });
}
