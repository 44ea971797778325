import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectionsCut } from './metrics';
import { refuseMalformed } from './refuse-malformed';
import { UnsentBytes } from './unsent-bytes';

export const CONNECTION_LIMITS = {
  /** Per address that the server listens on. As many as HAProxy opens with `maxconn` in deploy/haproxy.cfg. */
  connections: 4_000,
  /** How many requests may wait on one connection for the response to an earlier one. */
  pipelined: 100,
  /** How long the headers of a request may take to arrive, and the whole request. */
  receiveMs: 25_000,
  /** How often that is checked, so that every request ends within 30 s. */
  checkMs: 5_000,
  /**
   * How long a client may read nothing of a response that is complete. Node checks at this interval, so a connection is closed
   * after one to two intervals.
   */
  unreadMs: 20_000,
  /** How many bytes of complete responses may wait until clients read them. */
  unsentBytes: 24 * 2 ** 20,
  /** What is left to a client that is sending its request when the service stops. Shorter than the limit in lifecycle.ts. */
  stopMs: 2_000,
};

interface Connection {
  /** The response that a handler is writing, or that the client is reading. */
  current: ServerResponse | null;
  /** The requests that the client has sent before the current response was complete. */
  waiting: { request: IncomingMessage; response: ServerResponse }[];
  /** The response to the latest request. */
  latest: ServerResponse | null;
  /** Whether the connection closes once all responses are sent. */
  isEnding: boolean;
}

/**
 * The connections of an HTTP server. A client can occupy the server only with what it receives and reads: it handles the
 * requests of a connection one after the other, and cuts connections whose clients stall.
 */
export class Connections {
  private readonly open = new Map<Duplex, Connection>();
  private readonly unsent: UnsentBytes;
  private isStopping = false;

  /** @param unusedMs how long a connection may stay open before its first request */
  constructor(
    server: Server,
    private readonly handle: RequestListener,
    private readonly limits: typeof CONNECTION_LIMITS,
    private readonly unusedMs: number,
  ) {
    this.unsent = new UnsentBytes(limits.unsentBytes, (response) => cut(response.socket, 'unsent'));
    server.on('connection', (socket) => this.add(socket));
    server.on('request', (request, response) => this.receive(request, response));
    server.on('clientError', (error, socket) => this.refuse(error, socket));
  }

  /** Lets each connection close with its response, and cuts those without a request that is being handled after some time. */
  stop(): { end: () => void } {
    this.isStopping = true;
    for (const [socket, { current, waiting }] of this.open) {
      // A client that keeps its connection open and sends further requests would delay the stop forever.
      for (const response of [current, ...waiting.map((one) => one.response)]) {
        if (response && !response.headersSent) response.setHeader('Connection', 'close');
      }
      // Node closes idle connections, but takes one that was opened in advance for one with a request in flight.
      if (bytesRead(socket) === 0) socket.destroy();
    }
    const timer = setTimeout(() => {
      for (const [socket, { current }] of this.open) if (!isHandled(current)) cut(socket, 'stop');
    }, this.limits.stopMs);
    return { end: () => clearTimeout(timer) };
  }

  private add(socket: Socket): void {
    this.open.set(socket, { current: null, waiting: [], latest: null, isEnding: false });
    socket.once('close', () => this.open.delete(socket));
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.open.get(request.socket);
    if (!connection || isClosing(request.socket)) return; // the rest of what a client had sent before it was cut
    if (this.isStopping) response.setHeader('Connection', 'close');
    connection.latest = response;
    connection.waiting.push({ request, response });
    if (connection.waiting.length > this.limits.pipelined) return cut(request.socket, 'pipelined');
    if (!connection.current) this.handleNext(connection);
  }

  private handleNext(connection: Connection): void {
    const next = connection.waiting.shift();
    connection.current = next?.response ?? null;
    if (!next) return;
    const { request, response } = next;
    response.once('prefinish', () => this.supervise(response));
    response.once('close', () => {
      if (isClosing(request.socket)) return;
      this.handleNext(connection);
      // Node closes idle connections only once, at the beginning of a stop.
      if ((this.isStopping || connection.isEnding) && !connection.current) request.socket.destroySoon();
    });
    this.handle(request, response);
  }

  /** Cuts the connection of a complete response if its client stops reading. Node disarms the timer with the last byte. */
  private supervise(response: ServerResponse): void {
    if (response.writableLength === 0) return;
    this.unsent.add(response);
    response.setTimeout(this.limits.unreadMs, () => cut(response.socket, 'unread'));
  }

  /** Answers what is not a request, or did not arrive in time, unless responses to earlier requests are due. */
  private refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.open.get(socket);
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && bytesRead(socket) === 0) return this.closeUnused(socket);
    if (!connection?.latest) return refuseMalformed(error, socket);
    const { latest, waiting } = connection;
    // The client would take a second response, or one that is sent too early, for the response to another request.
    if (latest.req.complete && !latest.writableFinished) connection.isEnding = true;
    else if (!latest.req.complete && (latest.headersSent || waiting.length > 0)) socket.destroy();
    else refuseMalformed(error, socket);
  }

  /** A client may open a connection in advance: its first request may arrive as late as a further one. */
  private closeUnused(socket: Duplex): void {
    const timer = setTimeout(
      () => {
        if (bytesRead(socket) === 0) socket.destroy();
      },
      Math.max(this.unusedMs - this.limits.receiveMs, 0),
    );
    socket.once('close', () => clearTimeout(timer));
  }
}

/** Whether a handler still works on the response to a request that has arrived completely. */
const isHandled = (response: ServerResponse | null): boolean =>
  response !== null && response.req.complete && !response.writableEnded;

/** Whether nothing more is written to a socket. Node ends it with the last response, and destroys it once that is sent. */
const isClosing = (socket: Socket): boolean => socket.destroyed || socket.writableEnded;

const bytesRead = (socket: Duplex): number => ('bytesRead' in socket ? Number(socket.bytesRead) : 0);

function cut(socket: Duplex | null, reason: 'pipelined' | 'stop' | 'unread' | 'unsent'): void {
  if (!socket || socket.destroyed) return;
  connectionsCut.inc({ reason });
  socket.destroy();
}
