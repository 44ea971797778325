/** Stops what `start-servers.ts` started, and removes all that it wrote. */
export default async function stopServers(): Promise<void> {
  await globalThis.stopTestServers();
}
