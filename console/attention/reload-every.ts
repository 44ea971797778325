/** How often each section of the page Attention is loaded again. */
export const RELOAD_EVERY_MS = 10_000;
