/** A container's health check: ends with 0 where the service on this machine's PORT is ready. */
fetch(`http://localhost:${process.env['PORT']}/readyz`).then(
  (response) => (process.exitCode = response.ok ? 0 : 1),
  () => (process.exitCode = 1),
);
