import { dirname, join } from 'node:path';
import type * as Amqplib from 'amqplib';

/** The part of amqplib's codec that its decoder of frames reads when it is loaded. */
interface Codec {
  decodeFields: (fields: Buffer) => Record<string, unknown>;
}

// amqplib decodes nested headers recursively: about 3,000 levels, which fit into 20 KB, exhaust the stack. It then closes
// the connection, and RabbitMQ delivers the message again after every reconnection. Headers that cannot be decoded count
// as none, so that the message can be handled or parked.
const codec = require(join(dirname(require.resolve('amqplib')), 'lib', 'codec.js')) as Codec;
const { decodeFields } = codec;
codec.decodeFields = (fields) => {
  try {
    return decodeFields(fields);
  } catch {
    return {};
  }
};

/** Connects to RabbitMQ. Unlike amqplib's own function, the connection outlives every message. */
export const { connect } = require('amqplib') as typeof Amqplib;
