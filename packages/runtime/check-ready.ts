import { request } from 'node:http';

/** The settings of a service on which the address of its `/readyz` depends. */
export interface ListenSettings {
  PORT: number;
  LISTEN_ADDRESS?: string | undefined;
}

/** Addresses that stand for every address of the machine, and one of these. */
const LOOPBACK: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Runs the health check of a container: the process exits with code 0 if the service is ready, otherwise with 1. */
export function checkReady({ PORT: port, LISTEN_ADDRESS: address = 'localhost' }: ListenSettings): void {
  process.exitCode = 1;
  request({ host: LOOPBACK[address] ?? address, port, path: '/readyz' }, (response) => {
    if (response.statusCode === 200) process.exitCode = 0;
    response.resume();
  })
    .on('error', (error) => process.stderr.write(`${error.message}\n`))
    .end();
}
