/**
 * In which order the contestants take their turns in a repetition, the first being 0. Each repetition begins with
 * another and, where they are even in number, none follows the same one twice in as many repetitions: what a contestant
 * leaves behind on the machine hits no one alone. A balanced Latin square.
 */
export function orderOfTurns<T>(all: T[], repetition: number): T[] {
  return all.map((_, index) => {
    const zigzag = index % 2 === 0 ? index / 2 : all.length - (index + 1) / 2;
    return all[(zigzag + repetition) % all.length]!;
  });
}
