/** Stops the servers that `start-servers.ts` started and removes their data. */
export default async function stopServers(): Promise<void> {
  await globalThis.stopTestServers();
}
