import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

/** An event that an event client has received. */
export interface ReceivedEvent {
  id: string;
  event: string;
  data: { orderId: string; customerId: string | null; step: string; reason: string | null; time: string };
}

/** A client of a stream of Server-Sent Events, which reads as browsers do. */
export class EventClient {
  readonly events: ReceivedEvent[] = [];
  readonly comments: string[] = [];
  /** The id after which the client resumes. */
  lastEventId: string | null = null;
  retryMs: number | null = null;
  private pending = '';

  private constructor(
    readonly response: IncomingMessage,
    /** Resolves when the stream has ended, whichever side ended it. */
    readonly ended: Promise<void>,
  ) {}

  /** Opens a stream, and returns when the response has begun. */
  static async open(
    url: string,
    { lastEventId, agent = false }: { lastEventId?: string; agent?: false } = {},
  ): Promise<EventClient> {
    const request = get(url, { agent, headers: lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`The stream is answered with ${response.statusCode}.`);
    response.setEncoding('utf8');
    response.on('error', () => undefined);
    const ended = new Promise<void>((resolve) => response.once('close', resolve));
    const client = new EventClient(response, ended);
    client.lastEventId = lastEventId ?? null;
    response.on('data', (text: string) => client.read(text));
    return client;
  }

  /** The steps that were received, of one order if it is given. */
  steps(orderId?: string): string[] {
    return this.events
      .filter(({ data }) => orderId === undefined || data.orderId === orderId)
      .map(({ event }) => event);
  }

  close(): void {
    this.response.destroy();
  }

  private read(text: string): void {
    this.pending += text;
    const blocks = this.pending.split('\n\n');
    this.pending = blocks.pop() ?? '';
    for (const block of blocks) this.dispatch(block.split('\n'));
  }

  private dispatch(lines: string[]): void {
    const fields = new Map<string, string>();
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === '') this.comments.push(value);
      else fields.set(name, value);
    }
    if (fields.has('retry')) this.retryMs = Number(fields.get('retry'));
    this.lastEventId = fields.get('id') ?? this.lastEventId;
    const data = fields.get('data');
    if (data === undefined) return;
    this.events.push({
      id: this.lastEventId ?? '',
      event: fields.get('event') ?? 'message',
      data: JSON.parse(data) as ReceivedEvent['data'],
    });
  }
}
