/**
 * Makes stack traces name lines of the TypeScript sources, for every module that is loaded after this one.
 *
 * It affects only this thread, unlike Node's flag `--enable-source-maps`. In the workflow thread Temporal maps stack traces
 * itself, and creates a function from text for each promise; with the flag, Node would search each for a source map.
 */
process.setSourceMapsEnabled(true);
