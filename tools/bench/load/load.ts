import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { orderBody } from './fixture';

export type Load =
  /** As many orders as fast as that many connections take them, one after the other on each. */
  | { kind: 'burst'; orders: number; connections: number }
  /** So many a second, whether or not the ones before have been answered. */
  | { kind: 'paced'; perSecond: number; seconds: number };

export interface Post {
  /** Of a 201; null otherwise. */
  orderId: string | null;
  /** 0 where there was no answer. */
  status: number;
  retryAfter: boolean;
  /** In milliseconds since 1970. */
  sentAtMs: number;
  tookMs: number;
}

export interface LoadTask {
  /** Where orders are posted to. */
  url: string;
  load: Load;
}

const ANSWER_WITHIN_MS = 60_000;

/**
 * The client of the bench, in a process of its own so that its work counts for no contestant.
 *
 * @returns what was posted, in the order sent
 */
export async function postOrders({ url, load }: LoadTask): Promise<Post[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.kind === 'burst' ? load.connections : 256 });
  const post = (n: number): Promise<Post> => postOrder(url, orderBody(n), agent);
  const posts = load.kind === 'burst' ? await burst(post, load) : await paced(post, load);
  agent.destroy();
  return posts;
}

async function burst(
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

async function paced(
  post: (n: number) => Promise<Post>,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<Post[]> {
  const began = performance.now();
  const posts: Promise<Post>[] = [];
  while (posts.length < perSecond * seconds) {
    if (performance.now() - began >= (posts.length * 1_000) / perSecond) posts.push(post(posts.length));
    else await delay(1);
  }
  return Promise.all(posts);
}

async function postOrder(url: string, body: string, agent: Agent): Promise<Post> {
  const sentAtMs = performance.timeOrigin + performance.now();
  const answer = (await ask(url, body, agent)) ?? (await ask(url, body, false)) ?? NO_ANSWER;
  return { ...answer, sentAtMs, tookMs: performance.timeOrigin + performance.now() - sentAtMs };
}

type Answer = Pick<Post, 'status' | 'retryAfter' | 'orderId'>;

const NO_ANSWER: Answer = { status: 0, retryAfter: false, orderId: null };

/**
 * @param agent whose connections are used; false for a new one
 * @returns null where the server closed an idle connection just as it was used again: it has not read the request,
 *   which may be sent once more, as every client with such connections must
 */
function ask(url: string, body: string, agent: Agent | false): Promise<Answer | null> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const asking = request(url, { method: 'POST', agent, headers, timeout: ANSWER_WITHIN_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const orderId = status === 201 ? (JSON.parse(text) as { orderId: string }).orderId : null;
        resolve({ status, retryAfter: response.headers['retry-after'] !== undefined, orderId });
      });
      response.on('close', () => resolve(NO_ANSWER)); // cut off, unless it had ended by then
    });
    asking.on('timeout', () => asking.destroy(new Error('No answer in time.')));
    asking.on('error', (error) => {
      const closedIdle = asking.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
      resolve(closedIdle ? null : NO_ANSWER);
    });
    asking.end(body);
  });
}
