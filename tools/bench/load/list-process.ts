import { get } from 'node:http';

/** Makes so many clients read the list at a URL completely, at the same time. */
export interface ListTask {
  url: string;
  clients: number;
}

/** How one client read the list. */
export interface ListRead {
  /** Whether the array arrived completely. */
  complete: boolean;
  megabytes: number;
  firstByteMs: number;
  seconds: number;
}

function readList(url: string): Promise<ListRead> {
  const began = performance.now();
  return new Promise((resolve) => {
    let [bytes, firstByteMs, last] = [0, 0, ''];
    const end = (complete: boolean) =>
      resolve({ complete, megabytes: bytes / 1e6, firstByteMs, seconds: (performance.now() - began) / 1_000 });
    get(url, { agent: false }, (response) => {
      firstByteMs = performance.now() - began;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        last = chunk.toString('latin1', chunk.length - 1);
      });
      response.on('close', () => end(response.statusCode === 200 && response.complete && last === ']'));
    }).on('error', () => end(false));
  });
}

// A child process: its CPU time and memory are not those of the service.
process.once('message', ({ url, clients }: ListTask) => {
  void Promise.all(Array.from({ length: clients }, () => readList(url))).then((reads) =>
    process.send?.(reads, () => process.disconnect()),
  );
});
process.once('disconnect', () => process.exit());
