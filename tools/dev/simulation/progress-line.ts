/** How often the line is printed: in place on a terminal, else as a new line. */
const INTERVAL_MS = { terminal: 1_000, other: 10_000 };
const ERASE_LINE = '\r\u001B[K';

/** Prints lines, and below them a progress line that is updated in place if the output is a terminal. */
export class ProgressLine {
  private timer: NodeJS.Timeout | undefined;
  private shown = '';

  constructor(private readonly output: NodeJS.WriteStream) {}

  /** @param describe returns the current progress */
  start(describe: () => string): void {
    const { isTTY } = this.output;
    const update = isTTY ? () => this.replace(describe()) : () => this.print(describe());
    this.timer = setInterval(update, isTTY ? INTERVAL_MS.terminal : INTERVAL_MS.other);
  }

  /** Prints a line above the progress line. */
  readonly print = (line: string): void => {
    this.output.write(this.shown ? `${ERASE_LINE}${line}\n${this.shown}` : `${line}\n`);
  };

  /** Ends the progress line; what is printed next begins below it. */
  stop(): void {
    clearInterval(this.timer);
    if (this.shown) this.output.write('\n');
    this.shown = '';
  }

  private replace(line: string): void {
    this.shown = line.slice(0, this.output.columns - 1);
    this.output.write(ERASE_LINE + this.shown);
  }
}
