/** The health check of the container: exits with code 0 if the service on port `PORT` is ready, otherwise with 1. */
fetch(`http://localhost:${process.env['PORT']}/readyz`).then(
  (response) => (process.exitCode = response.ok ? 0 : 1),
  () => (process.exitCode = 1),
);
