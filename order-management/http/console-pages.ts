import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { RequestHandler } from 'express';

/** The addresses of the console's pages; console/router.ts follows links to the same ones. */
const PAGE = /^\/(orders(\/[^/]+)?|place|catalog|customers|attention|today)?\/?$/;

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

interface File {
  type: string;
  content: Buffer;
  compressed: Buffer;
}

/** Returns the folder of the built console, which `npm run build` writes. */
const consoleFolder = (): string => join(require.resolve('@shop/console/package.json'), '..', 'dist');

/**
 * Serves the files of the console: its page at each of its addresses, and what the page loads. Every other request continues.
 *
 * @param paymentOrigin the origin to which the page may send requests besides its own; null if there is none
 * @returns null if the console is not built
 */
export function consolePages(paymentOrigin: string | null, folder = consoleFolder()): RequestHandler | null {
  if (!existsSync(join(folder, 'index.html'))) return null;
  const page = readFile(join(folder, 'index.html'));
  const assets = new Map(
    readdirSync(join(folder, 'assets')).map((name) => [`/assets/${name}`, readFile(join(folder, 'assets', name))]),
  );
  const policy = contentSecurityPolicy(paymentOrigin);

  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const asset = assets.get(request.path);
    if (!asset && !PAGE.test(request.path)) return next();
    const { type, content, compressed } = asset ?? page;
    // The name of an asset contains a hash of its content.
    response.set('Cache-Control', asset ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (!asset) response.set('Content-Security-Policy', policy);
    response.set({ 'Content-Type': type, Vary: 'Accept-Encoding' });
    if (request.acceptsEncodings('gzip')) response.set('Content-Encoding', 'gzip').send(compressed);
    else response.send(content);
  };
}

function readFile(path: string): File {
  const content = readFileSync(path);
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', content, compressed: gzipSync(content) };
}

/** Permits only files of this service, no inline script or style, and no text that becomes HTML or a script. */
const contentSecurityPolicy = (paymentOrigin: string | null): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    `connect-src 'self'${paymentOrigin === null ? '' : ` ${paymentOrigin}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
