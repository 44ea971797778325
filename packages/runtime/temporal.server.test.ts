import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Client, ServiceError } from '@temporalio/client';
import { IllegalStateError } from '@temporalio/common';
import { Runtime, ShutdownError, TransportError, UnexpectedError } from '@temporalio/worker';
import { eventually } from '../../test/eventually';
import { TcpProxy } from '../../test/tcp-proxy';
import { createNamespace } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import type { TemporalSettings } from './environment';
import {
  installTemporalRuntime,
  isServerUnavailable,
  Temporal,
  TemporalUnavailableError,
  type TemporalOptions,
} from './temporal';
import { securityOf } from './temporal-security';

installTemporalRuntime(silentLog);
afterAll(() => Runtime.instance().shutdown());

/** Connects to a server. @returns the first byte that the server receives */
async function firstByteTo(options: Partial<TemporalOptions>): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const temporal = new Temporal({
    address: `127.0.0.1:${port}`,
    namespace: 'default',
    log: silentLog,
    worker: { taskQueue: 'test' },
    ...options,
  });
  temporal.start();
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [received] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  server.close();
  await temporal.stop();
  return received.readUInt8(0);
}

const TLS_HANDSHAKE = 22;

test.each<[string, Partial<TemporalSettings>]>([
  ['TLS is on', { TEMPORAL_TLS: 'on' }],
  ['an API key is set', { TEMPORAL_API_KEY: 'secret' }],
  ['the name of the server is set', { TEMPORAL_TLS_SERVER_NAME: 'temporal.example' }],
])('connects over TLS if %s', async (_, settings) => {
  expect(await firstByteTo({ security: securityOf(settings) })).toBe(TLS_HANDSHAKE);
});

test('connects without TLS by default', async () => {
  expect(await firstByteTo({})).not.toBe(TLS_HANDSHAKE);
});

test('a server counts as unavailable if it reports an unknown namespace, as it does while its store does not answer', async () => {
  const { address, namespace } = await createNamespace('temporal-store');
  const worker = { taskQueue: 'test', activities: { nothing: async () => undefined } };
  const temporal = new Temporal({ address, namespace, log: silentLog, worker });
  temporal.start();
  await eventually(() => temporal.probe(), 20_000);

  const call = temporal.call(({ connection }) =>
    new Client({ connection, namespace: 'missing' }).workflow.getHandle('any').signal('any'),
  );

  await expect(call).rejects.toThrow(TemporalUnavailableError);
  await temporal.stop();
});

const grpcError = (code: keyof typeof status): Error =>
  Object.assign(new Error(code), { code: status[code], details: code, metadata: new Metadata() });

describe('an error of a call', () => {
  test.each([
    'INVALID_ARGUMENT',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'FAILED_PRECONDITION',
    'OUT_OF_RANGE',
    'DATA_LOSS',
  ] as const)('is a fault of the call if its code is %s', (code) => {
    expect(isServerUnavailable(grpcError(code))).toBe(false);
    expect(isServerUnavailable(new ServiceError('Failed to signal', { cause: grpcError(code) }))).toBe(false);
  });

  test.each([
    'CANCELLED',
    'UNKNOWN',
    'DEADLINE_EXCEEDED',
    'PERMISSION_DENIED',
    'RESOURCE_EXHAUSTED',
    'ABORTED',
    'UNIMPLEMENTED',
    'INTERNAL',
    'UNAVAILABLE',
    'UNAUTHENTICATED',
  ] as const)('means that the server is unavailable if its code is %s', (code) => {
    expect(isServerUnavailable(grpcError(code))).toBe(true);
    expect(isServerUnavailable(new ServiceError('Failed to signal', { cause: grpcError(code) }))).toBe(true);
  });

  test.each([
    ['the transport', new TransportError('transport error')],
    ['a worker that shuts down', new ShutdownError('shut down')],
    ['the native library', new UnexpectedError('channel closed', undefined)],
    ['a closed connection', new IllegalStateError('Client already closed')],
  ])('means that the server is unavailable if it is an error of %s', (_, error) => {
    expect(isServerUnavailable(error)).toBe(true);
    expect(isServerUnavailable(new ServiceError('Unexpected error', { cause: error }))).toBe(true);
  });

  test('is a fault of the call if it is an error of our own', () => {
    expect(isServerUnavailable(new TypeError('x is not a function'))).toBe(false);
  });
});

test('queued calls fail immediately if the server does not answer the calls in flight', async () => {
  const { address, namespace } = await createNamespace('temporal');
  const proxy = await TcpProxy.to(`tcp://${address}`);
  const worker = { taskQueue: 'test', activities: { nothing: async () => undefined } };
  const temporal = new Temporal({ address: new URL(proxy.url).host, namespace, log: silentLog, worker });
  temporal.start();
  await eventually(() => temporal.probe(), 20_000);
  proxy.holdResponses();
  const began = performance.now();

  const all = await Promise.allSettled(Array.from({ length: 100 }, () => temporal.probe()));

  const failures = all.map((one) => (one.status === 'rejected' ? (one.reason as unknown) : null));
  expect(failures.filter((failure) => !(failure instanceof TemporalUnavailableError))).toEqual([]);
  expect(performance.now() - began).toBeLessThan(10_000); // one round of timeouts of 5 s, not one per 16 calls
  proxy.dropConnections();
  await temporal.stop();
  await proxy.close();
});
