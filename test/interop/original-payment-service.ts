import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MODULE = 'github.com/sobystanly/tucows-interview';

/**
 * Builds and starts the original payment service with Go.
 *
 * @param checkout a clone of the original's repository
 * @param folder an empty folder for the program
 */
export async function startOriginalPaymentService(
  checkout: string,
  folder: string,
  amqpUrl: string,
): Promise<{ stop: () => Promise<void> }> {
  const required = ['amqp', 'payment-processing'].map((name) => `${MODULE}/${name}`);
  await writeFile(
    join(folder, 'go.mod'),
    [
      'module interop',
      'go 1.22.0',
      ...required.map((module) => `require ${module} v0.0.0`),
      ...required.map((module) => `replace ${module} => ${join(checkout, module.slice(MODULE.length))}`),
    ].join('\n'),
  );
  await copyFile(join(__dirname, 'original', 'main.go'), join(folder, 'main.go'));
  const go = (...args: string[]) => promisify(execFile)('go', args, { cwd: folder });
  await go('mod', 'tidy');
  await go('build', '-o', 'payment-service', '.');

  const { hostname, port, pathname } = new URL(amqpUrl);
  const env = { ...process.env, AMQP_HOST: hostname, AMQP_PORT: port, AMQP_VIRTUAL_HOST: pathname.slice(1) };
  const service: ChildProcess = spawn(join(folder, 'payment-service'), { env, stdio: 'ignore' });
  const exited = once(service, 'exit');
  return {
    stop: async () => {
      service.kill();
      await exited;
    },
  };
}
