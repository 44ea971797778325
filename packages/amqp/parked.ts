import { hostname, userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { brokerSettings, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { checkKeyPairs, readTlsFiles } from '@shop/runtime/tls-files';
import { messageWithRemedy } from '@shop/runtime/tls-remedy';
import { z } from 'zod';
import { recordParkedAction, type ParkedAction } from './parked-audit';
import { headerText, ParkedMessages, type ParkedMessage } from './parked-messages';

/** The command `npm run parked`: an operator handles the messages that no service could handle. */
const USAGE = `npm run parked -- list              lists the parked messages with their reasons
npm run parked -- show <id>|all     prints messages with their headers
npm run parked -- retry <id>|all    returns messages to the queue that they came from
npm run parked -- discard <id>|all  prints messages and deletes them

--actor <name> names who retries or discards; by default, the user of the operating system and the host.
  It has 1 to 200 characters, none of which is a control character.`;

const schema = z
  .object({
    ...brokerSettings,
    /** The database of order-management, whose histories record what was retried and discarded. */
    DATABASE_URL: z.string().optional(),
  })
  .superRefine(checkKeyPairs);
const settings = readOrExit(() => readEnvironment(schema));
/** Escapes control characters, with which a sender could act on the terminal. Tabs and line breaks of a body stay. */
const escape = (line: string): string =>
  line.replaceAll(/(?![\t\n])\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
const print = (line: string): void => void process.stdout.write(`${escape(line)}\n`);

const [TRIES_IF_HIDDEN, PAUSE_IF_HIDDEN_MS] = [4, 500];

class UsageError extends Error {}

interface Command {
  action: string;
  id: string;
  actor: string;
}

/** PostgreSQL cannot store NUL, and other control characters could act on the terminal that prints a log. */
const ACTOR = /^\P{Cc}{1,200}$/u;

/** @throws {UsageError} if an option is unknown or has no valid value */
function readCommand(args: string[]): Command {
  try {
    const { positionals, values } = parseArgs({ args, allowPositionals: true, options: { actor: { type: 'string' } } });
    const [action = '', id = ''] = positionals;
    if (values.actor !== undefined && !ACTOR.test(values.actor)) throw new UsageError();
    return { action, id, actor: `operator:${values.actor ?? `${userInfo().username}@${hostname()}`}` };
  } catch {
    throw new UsageError();
  }
}

async function run(parked: ParkedMessages, command: Command): Promise<void> {
  const { action, id } = command;
  if (action === 'list') return printList(await parked.list());
  let messages = await select(parked, command);
  // RabbitMQ hides the messages that the console reads at this moment.
  for (let again = 0; messages.length === 0 && again < TRIES_IF_HIDDEN; again++) {
    await delay(PAUSE_IF_HIDDEN_MS);
    messages = await select(parked, command);
  }
  if (messages.length === 0) {
    throw new Error(
      id === 'all' ? 'No message is parked.' : `No parked message has the id ${id}. List them: npm run parked -- list`,
    );
  }
  for (const message of messages) {
    if (action === 'retry') print(`${message.id}  returned to ${message.sourceQueue}`);
    else printMessage(message);
  }
  if (action === 'discard') print(`${messages.length} discarded`);
}

/** Applies the action to the messages that `id` selects. */
async function select(parked: ParkedMessages, { action, id, actor }: Command): Promise<ParkedMessage[]> {
  const options = {
    databaseUrl: settings.DATABASE_URL,
    write: (line: string) => void process.stderr.write(`${escape(line)}\n`), // JSON does not escape all of them
  };
  const recordAs = (done: ParkedAction['action']) => (message: ParkedMessage) =>
    recordParkedAction({ action: done, actor }, message, options);
  const ids = id === 'all' ? undefined : new Set([id]);
  if (!id) throw new UsageError();
  switch (action) {
    case 'show':
      return (await parked.list()).filter((message) => ids === undefined || ids.has(message.id));
    case 'retry':
      return parked.retry({ ids }, recordAs('retry'));
    case 'discard':
      return parked.discard({ ids }, recordAs('discard'));
    default:
      throw new UsageError();
  }
}

function printList(messages: ParkedMessage[]): void {
  for (const message of messages) {
    print(`${message.id}  ${message.sourceQueue}  first seen ${message.firstSeen || 'at an unknown time'}`);
    print(`            ${message.reason || 'no reason given'}`);
  }
  print(`${messages.length} parked`);
}

function printMessage({ id: messageId, sourceQueue, headers, content }: ParkedMessage): void {
  print(`${messageId}  ${sourceQueue}`);
  for (const name of Object.keys(headers)) print(`  ${name}: ${headerText(headers, name)}`);
  print(`  ${content.toString('utf8')}`);
}

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  const { AMQP_URL: url } = settings;
  if (url === null) throw new Error('AMQP_URL is none: without a broker there are no parked messages.');
  const parked = await ParkedMessages.open(url, {
    tls: readTlsFiles('AMQP_TLS', settings),
    topology: settings.TOPOLOGY,
    namesUser: settings.AMQP_VERIFY_USER.length > 0,
  });
  try {
    await run(parked, command);
  } finally {
    await parked.close();
  }
}

main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`${isUsage ? USAGE : messageWithRemedy(error, 'AMQP_TLS')}\n`);
  process.exitCode = isUsage ? 2 : 1;
});
