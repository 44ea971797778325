import { ParkedMessages, type ParkedMessage } from '@shop/amqp/parked-messages';
import { z } from 'zod';
import { amqpUrl, readEnvironment, readOrExit } from '@shop/runtime/environment';

/** What `npm run parked` does: the messages that no service could handle, for an operator to see to. */
const USAGE = `npm run parked -- list              what lies in the parked queues, and why
npm run parked -- show <id>         one message, with its headers
npm run parked -- retry <id>|all    sends it back to the queue it was meant for
npm run parked -- discard <id>|all  throws it away, having shown it`;

const { AMQP_URL: url } = readOrExit(() => readEnvironment(z.object({ AMQP_URL: amqpUrl() })));
const [action = '', id = ''] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

class NotUnderstood extends Error {}

async function carryOut(parked: ParkedMessages): Promise<void> {
  const isMeant = (message: ParkedMessage): boolean => id === 'all' || message.id === id;
  if (action === 'list') return list(await parked.list());
  if (!['show', 'retry', 'discard'].includes(action) || !id) throw new NotUnderstood();
  const messages =
    action === 'show'
      ? (await parked.list()).filter(isMeant)
      : action === 'retry'
        ? await parked.retry(isMeant)
        : await parked.discard(isMeant);
  if (messages.length === 0) {
    throw new Error(id === 'all' ? 'Nothing is parked.' : `No message ${id} is parked: see npm run parked -- list.`);
  }
  for (const message of messages) {
    if (action === 'retry') say(`${message.id}  sent back to ${message.sourceQueue}`);
    else show(message);
  }
  if (action === 'discard') say(`${messages.length} thrown away`);
}

function list(messages: ParkedMessage[]): void {
  for (const message of messages) {
    say(`${message.id}  ${message.sourceQueue}  first seen ${message.firstSeen || 'at an unknown time'}`);
    say(`            ${message.reason || 'no reason given'}`);
  }
  say(`${messages.length} parked`);
}

function show({ id: name, sourceQueue, headers, content }: ParkedMessage): void {
  say(`${name}  ${sourceQueue}`);
  for (const [header, value] of Object.entries(headers)) say(`  ${header}: ${String(value)}`);
  say(`  ${content.toString('utf8')}`);
}

async function main(): Promise<void> {
  if (url === null) throw new Error('AMQP_URL is none: without a broker nothing is parked.');
  const parked = await ParkedMessages.open(url);
  try {
    await carryOut(parked);
  } finally {
    await parked.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof NotUnderstood ? USAGE : error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = error instanceof NotUnderstood ? 2 : 1;
});
