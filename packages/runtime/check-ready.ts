import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/** The settings of a service on which the address of its `/readyz` depends. */
export interface ListenSettings {
  PORT: number;
  LISTEN_ADDRESS: string;
}

/** Addresses that stand for every address of the machine, and one of these. */
const LOOPBACK: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Runs the health check of a container: the process exits with code 0 if the service is ready, otherwise with 1. Then it
 * prints the answer of `/readyz`, or why there is none; `docker inspect` shows this output.
 */
export function checkReady({ PORT: port, LISTEN_ADDRESS: address }: ListenSettings): void {
  process.exitCode = 1;
  const report = (problem: string): void => void process.stderr.write(`${address}:${port}/readyz: ${problem}\n`);
  request({ host: LOOPBACK[address] ?? address, port, path: '/readyz' }, (response) => {
    if (response.statusCode === 200) {
      process.exitCode = 0;
      response.resume();
      return;
    }
    text(response).then(
      (body) => report(`${response.statusCode} ${body}`),
      (error: unknown) => report(String(error)),
    );
  })
    // A host with several addresses: the error has no message, but the code of the first one.
    .on('error', (error: NodeJS.ErrnoException) => report(error.message || String(error.code)))
    .end();
}
