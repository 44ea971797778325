/**
 * Lets so many of the things that it is given be under way at once; the rest wait, the first come first.
 *
 * @param limit asked anew whenever one comes or ends; at least 1, or nothing would ever end
 * @returns does one of them, in its turn, and ends as that does
 */
export function atMost(limit: () => number): <T>(act: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  const goOn = (): void => {
    while (waiting.length > 0 && underWay < limit()) {
      underWay++;
      waiting.shift()!();
    }
  };
  return async (act) => {
    if (waiting.length === 0 && underWay < limit()) {
      underWay++;
    } else {
      const turn = new Promise<void>((resolve) => waiting.push(resolve));
      goOn();
      await turn;
    }
    try {
      return await act();
    } finally {
      underWay--;
      goOn();
    }
  };
}
