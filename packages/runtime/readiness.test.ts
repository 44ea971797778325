import { expect, test } from '@jest/globals';
import { describeDependencies, type ConsumerState } from './readiness';

const describe = (consumer: ConsumerState | null) =>
  describeDependencies({
    databaseUp: true,
    migrated: true,
    consumer,
    temporal: { isUp: true, misconfiguration: null },
  });

test.each<[ConsumerState | null, string]>([
  [null, 'none'],
  [{ isUp: true }, 'consuming'],
  [{ isUp: true, growingBacklog: null }, 'consuming'],
  [{ isUp: true, growingBacklog: 532 }, 'falling behind: 532 messages wait'],
  [{ isUp: false }, 'down'],
  [{ isUp: false, isPaused: true, misconfiguration: null }, 'paused'],
  [{ isUp: false, misconfiguration: 'no queue' }, 'misconfigured: no queue'],
])('a consumer %j is described as %s', (consumer, broker) => {
  expect(describe(consumer)).toEqual({ database: 'up', broker, temporal: 'working' });
});
