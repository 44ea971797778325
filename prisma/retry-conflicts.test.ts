import { expect, test } from '@jest/globals';
import { retryConflicts } from './retry-conflicts';

/** Fails with an error of PostgreSQL a number of times, then succeeds. */
function failing(state: string, times: number) {
  let tries = 0;
  const attempt = async (): Promise<string> => {
    if (++tries <= times) throw Object.assign(new Error('failed'), { code: state, severity: 'ERROR' });
    return `try ${tries}`;
  };
  return attempt;
}

test.each([
  ['40001', 'a serialization failure'],
  ['40P01', 'a deadlock'],
  ['57P05', 'an idle session that was closed'],
])('repeats a statement that fails with %s, %s', async (state) => {
  await expect(retryConflicts(failing(state, 3))).resolves.toBe('try 4');
});

test.each([
  ['55P03', 'a lock timeout'],
  ['57014', 'a statement timeout'],
  ['57P01', 'a shutdown, before which the statement may have been executed'],
  ['23505', 'a unique violation'],
  ['40003', 'an unknown outcome'],
])('does not repeat a statement that fails with %s, %s', async (state) => {
  await expect(retryConflicts(failing(state, 1))).rejects.toThrow('failed');
});

test('gives up after ten tries', async () => {
  await expect(retryConflicts(failing('40001', 9))).resolves.toBe('try 10');
  await expect(retryConflicts(failing('40001', 10))).rejects.toThrow('failed');
});
