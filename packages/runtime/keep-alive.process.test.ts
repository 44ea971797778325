import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { z } from 'zod';
import { anOperation } from '../../test/an-operation';
import { eventually } from '../../test/eventually';
import { silentLog } from '../../test/silent-log';
import { temporaryFolder } from '../../test/temporary-folder';
import { commonSettings, readEnvironment } from './environment';
import { createHttpApp, serveHttp } from './http-server';

const { KEEP_ALIVE_TIMEOUT: keepAliveMs } = readEnvironment(z.object(commonSettings), {});

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const readiness = async () => ({ ready: true, checks: {} });

async function serve(): Promise<number> {
  const operations = [
    anOperation({ method: 'post', path: '/thing', handle: ({ response }) => void response.status(201).end() }),
  ];
  const app = createHttpApp({ log: silentLog, prefixes: ['/shop'], operations, readiness });
  const server = await serveHttp(app, 0, { address: '127.0.0.1', keepAliveMs });
  stops.push(() => server.stop());
  return server.port;
}

/** Starts nginx in front of a service, to which it keeps connections open for 60 seconds. */
async function startNginx(servicePort: number): Promise<number> {
  const port = await freePort();
  const folder = temporaryFolder('nginx');
  const temporaryPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${of};`);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid nginx.pid; error_log stderr;
     ${process.getuid?.() === 0 ? 'user root;' : ''}
     events {}
     http {
       access_log off; ${temporaryPaths.join(' ')}
       upstream service { server 127.0.0.1:${servicePort}; keepalive 8; }
       server {
         listen 127.0.0.1:${port};
         location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
       }
     }`,
  );
  const nginx = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'ignore' });
  stops.push(async () => {
    await end(nginx);
    rmSync(folder, { recursive: true });
  });
  await eventually(() => fetch(`http://127.0.0.1:${port}/livez`).then(({ status }) => expect(status).toBe(200)));
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

const post = (port: number): ChildProcess =>
  spawn('curl', ['--silent', '--write-out', '%{http_code}', '--data', '{}', `http://127.0.0.1:${port}/shop/thing`]);

async function statusOf(curl: ChildProcess): Promise<string> {
  let output = '';
  curl.stdout?.on('data', (text) => (output += String(text)));
  await once(curl, 'close');
  return output;
}

const hasNginx = spawnSync('nginx', ['-v']).error === undefined;
const testWithNginx = hasNginx || process.env['CI'] ? test : test.skip;

testWithNginx(
  'a POST over a connection that a load balancer has kept open is answered',
  async () => {
    const nginx = await startNginx(await serve());
    expect(await statusOf(post(nginx))).toBe('201');

    // The request arrives while this process is busy. If its timer for idle connections expires meanwhile, it closes the
    // connection with the request unread, and nginx must not send a POST twice. Node's own default is 5 seconds.
    await delay(4_000);
    const second = post(nginx);
    await new Promise((resolve) => setImmediate(resolve)); // so that timers run before sockets afterwards
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);

    expect(await statusOf(second)).toBe('201');
  },
  60_000,
);

test('announces how long it keeps a connection open', async () => {
  const url = `http://127.0.0.1:${await serve()}/livez`;

  expect((await fetch(url)).headers.get('keep-alive')).toBe('timeout=65');
});

const haproxy = readFileSync(join(__dirname, '..', '..', 'deploy', 'haproxy.cfg'), 'utf8');
const secondsOf = (setting: string): number[] =>
  Array.from(haproxy.matchAll(new RegExp(`\\b${setting} (\\d+)s`, 'g')), ([, seconds]) => Number(seconds));

test('HAProxy keeps idle connections of its clients as long as a service does', () => {
  expect(secondsOf('timeout http-keep-alive')).toEqual([keepAliveMs / 1_000]);
});

// Each interval, HAProxy closes half of its idle connections to a server.
test('HAProxy closes idle connections to a service before the service does', () => {
  const [interval = NaN] = secondsOf('pool-purge-delay');
  const maxConnections = Number(/^\s*maxconn (\d+)/m.exec(haproxy)?.[1]);
  expect(interval * 1_000 * (Math.log2(maxConnections) + 1)).toBeLessThan(keepAliveMs);
});
