/** A problem that the person who runs the command must solve; the message says what is wrong and what to do. */
export class SetupError extends Error {
  override name = 'SetupError';
}
