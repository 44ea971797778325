import { expect, test } from '@jest/globals';
import { readSimulationSettings } from './settings';

test('reads rates, percentages, durations and an address', () => {
  const variables = { RATE: '20', DECLINED: '10%', CANCELLED: '2.5', FOR: '10m', URL: 'http://shop:8000/' };
  expect(readSimulationSettings(variables)).toEqual({
    RATE: 20,
    DECLINED: 0.1,
    CANCELLED: 0.025,
    FOR: 600_000,
    URL: 'http://shop:8000',
  });
});

test('without settings, nothing is declined or cancelled, and there is no end', () => {
  expect(readSimulationSettings({})).toEqual({
    RATE: 5,
    DECLINED: 0,
    CANCELLED: 0,
    FOR: 0,
    URL: 'http://localhost:8001',
  });
});

test.each([
  [{ RATE: 'fast' }, 'config: RATE="fast" is not a rate. Use a number of orders per second from 0.01 to 1000'],
  [{ RATE: '0' }, 'config: RATE="0" is not a rate.'],
  [{ DECLINED: 'some' }, 'config: DECLINED="some" is not a share. Use a percentage from 0% to 100%, for example 10%.'],
  [{ CANCELLED: '101%' }, 'config: CANCELLED="101%" is not a share.'],
  [{ DECLINED: '60%', CANCELLED: '50%' }, 'config: CANCELLED="50%" and DECLINED are more than 100% together.'],
  [{ FOR: '10' }, 'config: FOR="10" has no unit. Use ms, s, m or h, for example 10s.'],
  [
    { URL: 'localhost:8001' },
    'config: URL="localhost:8001" is not the URL of a web page. Use, for example, http://localhost:8001.',
  ],
  [
    { URL: 'http://localhost:8001/order' },
    'config: URL="http://localhost:8001/order" has a path. Use the address only, for example http',
  ],
])('%j is reported with an example', (variables, message) => {
  expect(() => readSimulationSettings(variables)).toThrow(message);
});
