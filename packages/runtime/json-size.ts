import { BodyRefused } from './body-limit';

export const JSON_LIMITS = {
  /** Members and elements. An order of a thousand lines has three thousand. */
  values: 10_000,
  depth: 32,
};

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Refuses JSON with so many values, or so deeply nested, that parsing and validating it would delay other requests. Counts
 * while the text arrives and without parsing it: the separators and brackets outside strings.
 */
export class JsonSize {
  private values = 0;
  private depth = 0;
  private isInString = false;
  private isEscaped = false;

  constructor(private readonly limits = JSON_LIMITS) {}

  /**
   * Counts the next part of the text.
   *
   * @throws {BodyRefused} as soon as a limit is exceeded
   */
  add(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const character = text.charCodeAt(at);
      if (this.isInString) {
        if (this.isEscaped) this.isEscaped = false;
        else if (character === BACKSLASH) this.isEscaped = true;
        else if (character === QUOTE) this.isInString = false;
      } else if (character === QUOTE) {
        this.isInString = true;
      } else if (character === COMMA) {
        this.addValue();
      } else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
        this.addValue();
        if (++this.depth > this.limits.depth) throw tooComplex(`is nested more than ${this.limits.depth} levels deep`);
      } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) {
        this.depth--;
      }
    }
  }

  private addValue(): void {
    if (++this.values > this.limits.values)
      throw tooComplex(`has more than ${this.limits.values.toLocaleString('en')} values`);
  }
}

const tooComplex = (what: string): BodyRefused => new BodyRefused('body-too-complex', `The body ${what}.`);
