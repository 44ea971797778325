/** Something that a person at the keyboard must see to; the message says what, and how. */
export class SetupError extends Error {
  override name = 'SetupError';
}
