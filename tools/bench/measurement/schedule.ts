/**
 * Returns the order in which the candidates run in a repetition (the first repetition is 0): a row of a balanced Latin
 * square. Each repetition starts with another candidate. If the number of candidates is even, then in as many
 * repetitions no candidate follows the same one twice. So no candidate alone bears what another leaves behind on the
 * machine.
 */
export function orderForRepetition<T>(candidates: T[], repetition: number): T[] {
  return candidates.map((_, index) => {
    const zigzag = index % 2 === 0 ? index / 2 : candidates.length - (index + 1) / 2;
    return candidates[(zigzag + repetition) % candidates.length]!;
  });
}
