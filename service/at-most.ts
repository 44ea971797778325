/**
 * Lets so many of the things that it is given be under way at once; the rest wait, the first come first.
 *
 * @returns does one of them, in its turn, and ends as that does
 */
export function atMost(limit: number): <T>(act: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  return async (act) => {
    if (underWay < limit) underWay++;
    else await new Promise<void>((resolve) => waiting.push(resolve)); // handed on by one that has ended
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else underWay--;
    }
  };
}
