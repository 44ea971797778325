/** Ends the run with one plain line, such as `42 passed, 0 failed`. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests ? `, ${results.numPendingTests} skipped` : '';
    // At the very end: after jest's own summary, and after the servers are stopped.
    process.once('exit', () =>
      process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed${skipped}\n`),
    );
  }
};
