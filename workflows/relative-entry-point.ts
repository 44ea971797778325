/**
 * A webpack loader for the entry point that the SDK generates beside the workflows. It makes the absolute paths in it
 * relative, so that neither the text nor the columns of the source map depend on the folder of the repository.
 */
export default function makePathsRelative(source: string): string {
  return source.replaceAll(/"\/[^"]*\/([^"/]+)"/g, '"./$1"');
}
