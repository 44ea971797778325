import { expect, test } from '@jest/globals';
import { senderProblem, userOf } from './sender';

const check = { accepted: ['payment-processing', 'operator'], own: 'order-management' };
const problemOf = (userId: unknown) => senderProblem({ properties: { userId } }, check);

test.each(['payment-processing', 'operator', 'order-management'])('a message of %s is accepted', (user) => {
  expect(problemOf(user)).toBeNull();
});

test.each([
  ['mallory', 'sent by mallory, but AMQP_VERIFY_USER is payment-processing,operator'],
  ['', 'sent by , but AMQP_VERIFY_USER is payment-processing,operator'],
  [undefined, 'sent without a user id, but AMQP_VERIFY_USER is payment-processing,operator'],
])('a message of %j is not accepted', (user, problem) => {
  expect(problemOf(user)).toBe(problem);
});

test.each([
  ['amqp://shop:secret@broker', 'shop'],
  ['amqps://my%40shop:secret@broker/host', 'my@shop'],
  ['amqp://broker', 'guest'],
])('the user of %s is %s', (url, user) => {
  expect(userOf(url)).toBe(user);
});
