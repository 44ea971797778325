/**
 * Has stack traces name our lines, not those of the compiled files: in modules that are loaded after this one.
 *
 * In this thread only. Node's flag for it holds in the thread of the sagas, too: Temporal maps their stack traces
 * itself, and makes a function of text for each of their promises, in which Node then looks for a map.
 */
process.setSourceMapsEnabled(true);
