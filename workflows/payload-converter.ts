import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/common';

/**
 * Converts the payloads of workflow code. Any client of Temporal can send a payload that cannot be decoded, because its
 * encoding is unknown or its JSON is invalid. The default converter throws, which fails the workflow task and each retry of
 * it. Here, such a payload becomes `undefined`, which the workflows reject like any other invalid input.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload(payload) {
    try {
      return defaultPayloadConverter.fromPayload(payload);
    } catch {
      return undefined as never;
    }
  },
};
