/**
 * Returns the order in which the candidates run in a repetition (the first repetition is 0): a row of a balanced Latin
 * square. Each repetition starts with another candidate. With an even number of candidates, and as many
 * repetitions, no candidate follows the same one twice. The after-effects of each candidate on the machine are therefore
 * spread over all others.
 */
export function orderForRepetition<T>(candidates: T[], repetition: number): T[] {
  return candidates.map((_, index) => {
    const zigzag = index % 2 === 0 ? index / 2 : candidates.length - (index + 1) / 2;
    return candidates[(zigzag + repetition) % candidates.length]!;
  });
}
