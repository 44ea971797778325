import { defineConfig } from 'vite';

export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the Content-Security-Policy permits no inline files
    modulePreload: { polyfill: false },
    reportCompressedSize: false, // check-size.mjs prints it
  },
});
