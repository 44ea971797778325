/** A problem that the person who runs the command must solve; the message states what is wrong and what to do. */
export class SetupError extends Error {
  override name = 'SetupError';
}
