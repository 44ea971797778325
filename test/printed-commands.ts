/** A shell command that a document prints. */
export interface PrintedCommand {
  document: string;
  command: string;
}

const PROGRAMS = ['curl', 'docker', 'make', 'npm', 'npx', 'psql', 'temporal'];

/** Finds the commands in a Markdown document: in code blocks, and in code spans of text and tables. */
export function commandsIn(document: string, markdown: string): PrintedCommand[] {
  const blocks = [...markdown.matchAll(/^( *)```sh\n(.*?)^\1```$/gms)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
  const indented = [...markdown.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line);
  const prose = markdown.replaceAll(/^( *)```.*?^\1```$/gms, ''); // the comment behind a command
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll(/\s+/g, ' '));
  return [...blocks.flatMap(linesOf), ...[...indented, ...spans].filter(isCommand)]
    .map((command) => command.replace(/\s+#.*$/, ''))
    .map((command) => ({ document, command }));
}

const isCommand = (text: string): boolean => PROGRAMS.some((program) => text.startsWith(`${program} `));

/** Splits a code block into commands. A quoted argument may span lines. */
function linesOf(block: string): string[] {
  const commands: string[] = [];
  let begun = '';
  for (const line of block.split('\n')) {
    begun += begun ? `\n${line}` : line;
    if (begun.split("'").length % 2 === 0) continue; // an open quote
    if (begun.trim()) commands.push(begun);
    begun = '';
  }
  return commands;
}
