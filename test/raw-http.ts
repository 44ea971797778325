import { connect } from 'node:net';

/** An HTTP request that is sent as bytes, because HTTP clients refuse to send malformed ones. */
export interface RawRequest {
  method: string;
  target: string;
  /** Lines, such as `Content-Type: text/plain`; sent as Latin-1. */
  headers?: string[];
  body?: Uint8Array;
}

export interface RawResponse {
  status: number;
  headers: Map<string, string>;
  body: string;
}

/** Sends a request over a new connection and reads the response until the server closes it. */
export async function sendRaw(
  port: number,
  { method, target, headers = ['Host: shop'], body }: RawRequest,
): Promise<RawResponse> {
  const chunked = headers.some((line) => /^transfer-encoding:/i.test(line));
  const length = body && !chunked ? [`Content-Length: ${body.length}`] : [];
  const head = [`${method} ${target} HTTP/1.1`, ...headers, ...length, 'Connection: close', '', ''].join('\r\n');
  return readResponse(await exchange(port, Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)])));
}

function exchange(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(port, 'localhost').setTimeout(10_000);
    socket.on('timeout', () => {
      socket.destroy();
      reject(new Error(`No complete response to: ${request.subarray(0, 200).toString('latin1')}`));
    });
    socket.on('data', (data: Buffer) => received.push(data));
    socket.on('end', () => resolve(Buffer.concat(received)));
    // A server that rejects a request early closes the connection before it has read all of it, but after its response.
    socket.on('error', (error) => (received.length > 0 ? resolve(Buffer.concat(received)) : reject(error)));
    socket.write(request);
  });
}

function readResponse(bytes: Buffer): RawResponse {
  const end = bytes.indexOf('\r\n\r\n');
  if (bytes.toString('latin1', 0, 12) === 'HTTP/1.1 100') return readResponse(bytes.subarray(end + 4));
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]),
    headers,
    body: (headers.get('transfer-encoding') === 'chunked'
      ? joinChunks(bytes, end + 4)
      : bytes.subarray(end + 4)
    ).toString(),
  };
}

/** Joins the chunks of a body: each is preceded by its length in hexadecimal digits and followed by a line break. */
function joinChunks(bytes: Buffer, offset: number): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', offset);
    const length = Number.parseInt(bytes.toString('latin1', offset, lineEnd), 16);
    if (!(length > 0)) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    offset = lineEnd + 2 + length + 2;
  }
}
