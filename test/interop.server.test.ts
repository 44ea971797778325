import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { Ledger } from '@shop/payment-processing/payments/ledger';
import { createPaymentRequestHandler } from '@shop/payment-processing/payments/payment-requests';
import { connectPayments, type PaymentsClient } from '@shop/prisma/clients';
import { eventually } from './eventually';
import { startOriginalPaymentService } from './interop/original-payment-service';
import { generatedMessages, HOSTILE_MESSAGES } from './interop/payment-messages';
import { Queues } from './queues';
import { createShopDatabase, virtualHostUrl } from './servers';
import { silentLog } from './silent-log';

// The payment service answers every message as the original payment service does. The answers of the original are
// recorded. With ORIGINAL, a clone of its repository, the original itself runs beside this one on other messages:
//   make interop ORIGINAL=../tucows-interview SEED=2
// With RECORD=1 as well, its answers are recorded.

const RECORDED = join(__dirname, 'interop', 'original-answers.json');
const { ORIGINAL, RECORD } = process.env;
const seed = Number(process.env['SEED'] ?? 1);

/** The fields of an answer that both services must agree on; null if the service cannot read the message. */
interface Answer {
  orderId: string;
  customerId: string;
  totalAmount: number;
  success: boolean;
  reason: string;
}
interface Case {
  message: string;
  answer: Answer | null;
}

let server: Awaited<ReturnType<typeof createShopDatabase>>;
let database: PaymentsClient;

beforeAll(async () => {
  server = await createShopDatabase('interop');
  database = connectPayments(server.paymentsUrl, { poolSize: 2 });
});
afterAll(async () => {
  await database.$disconnect();
  await server.drop();
});

const answerOf = (json: string): Answer => {
  const { orderId, customerId, totalAmount, success, reason } = JSON.parse(json) as Answer;
  return { orderId, customerId, totalAmount, success, reason };
};

/** Lets this payment service handle a message of an order that it does not know yet. */
async function answerOfOurs(message: string): Promise<Answer | null> {
  await database.payment.deleteMany();
  let sent: string | null = null;
  const broker = { send: async (_: object, answer: object) => void (sent = JSON.stringify(answer)) };
  const handle = createPaymentRequestHandler({ ledger: new Ledger(database, silentLog), broker });
  const { outcome } = await handle(Buffer.from(message));
  expect(outcome).toBe(sent === null ? 'unreadable' : 'delivered');
  return sent === null ? null : answerOf(sent);
}

/** Lets the original payment service handle messages on a virtual host of its own. */
async function answersOfOriginal(checkout: string, messages: string[]): Promise<Case[]> {
  const queues = await Queues.open(virtualHostUrl('interop'));
  for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) await queues.declare(route);
  const folder = await mkdtemp(join(tmpdir(), 'interop-'));
  const original = await startOriginalPaymentService(checkout, folder, virtualHostUrl('interop'));
  try {
    await eventually(async () => expect(await queues.consumers(PROCESS_PAYMENT.queue)).toBe(1));
    const cases: Case[] = [];
    for (const message of messages) {
      // The original handles one message after the other, and says nothing about those that it cannot read.
      const end = randomUUID();
      await queues.send(PROCESS_PAYMENT, message, { orderId: end, customerId: end, totalAmount: 1 });
      let answer: Answer | null = null;
      for (;;) {
        const next = answerOf((await queues.take(PAYMENT_STAT.queue)).content.toString());
        if (next.orderId === end) break;
        answer = next;
      }
      cases.push({ message, answer });
    }
    return cases;
  } finally {
    await original.stop();
    await queues.close();
    await rm(folder, { recursive: true });
  }
}

async function expectAgreement(cases: Case[]): Promise<void> {
  const ours: Case[] = [];
  for (const { message } of cases) ours.push({ message, answer: await answerOfOurs(message) });
  expect(ours).toEqual(cases.map(({ message, answer }) => ({ message, answer: withoutSign(answer) })));
}

/** JSON.stringify writes the number -0 as 0, which is the same amount. */
const withoutSign = (answer: Answer | null): Answer | null =>
  answer && { ...answer, totalAmount: answer.totalAmount === 0 ? 0 : answer.totalAmount };

test('answers 200 amounts and every odd message as the original did', async () => {
  const recorded = JSON.parse(await readFile(RECORDED, 'utf8')) as Case[];

  expect(recorded.map(({ message }) => message)).toEqual([...generatedMessages(1, 200), ...HOSTILE_MESSAGES]);
  await expectAgreement(recorded);
});

(ORIGINAL ? test : test.skip)(`answers 200 other amounts as the original does now (SEED=${seed})`, async () => {
  const messages = [...generatedMessages(seed, 200), ...HOSTILE_MESSAGES];
  const cases = await answersOfOriginal(resolve(ORIGINAL ?? ''), messages);
  if (RECORD) await writeFile(RECORDED, `${JSON.stringify(cases, null, 2)}\n`);

  await expectAgreement(cases);
});
