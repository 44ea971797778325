/** A command as a document prints it, for a shell. */
export interface PrintedCommand {
  document: string;
  command: string;
}

const PROGRAMS = ['curl', 'docker', 'make', 'npm', 'npx', 'temporal'];

/** The commands of a Markdown document: of its code blocks, and what stands in running text or tables as code. */
export function commandsIn(document: string, markdown: string): PrintedCommand[] {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const indented = [...markdown.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line);
  const prose = markdown.replaceAll(/^```.*?^```$/gms, ''); // and what is remarked behind a command
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll(/\s+/g, ' '));
  return [...blocks.flatMap(linesOf), ...[...indented, ...spans].filter(isCommand)]
    .map((command) => command.replace(/\s+#.*$/, ''))
    .map((command) => ({ document, command }));
}

const isCommand = (text: string): boolean => PROGRAMS.some((program) => text.startsWith(`${program} `));

/** The commands of a block, of which one may have several lines, in quotes. */
function linesOf(block: string): string[] {
  const commands: string[] = [];
  let begun = '';
  for (const line of block.split('\n')) {
    begun += begun ? `\n${line}` : line;
    if (begun.split("'").length % 2 === 0) continue; // a quote is open
    if (begun.trim()) commands.push(begun);
    begun = '';
  }
  return commands;
}
