/** Prints a line for the person who runs the command. */
export type Print = (line: string) => void;

/** For a step that takes no longer than this, only its start is printed. */
const SHORT_MS = 2_000;

/** Runs a long step: prints what it does, the elapsed time while it runs, and how long it took. */
export async function withProgress<T>(print: Print, step: string, work: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  const elapsedMs = (): number => Date.now() - startedAt;
  let reminder: NodeJS.Timeout;
  const remindLater = (): void => {
    reminder = setTimeout(
      () => {
        print(`  still running after ${durationText(elapsedMs())}`);
        remindLater();
      },
      elapsedMs() < 60_000 ? 10_000 : 30_000,
    );
  };
  print(`${step} …`);
  remindLater();
  try {
    const result = await work();
    if (elapsedMs() > SHORT_MS) print(`  done after ${durationText(elapsedMs())}`);
    return result;
  } finally {
    clearTimeout(reminder!);
  }
}

/** Formats a duration for a person: "45 s" or "3 min 20 s". */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
