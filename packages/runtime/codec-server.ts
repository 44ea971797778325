import { temporal } from '@temporalio/proto';
import cors from 'cors';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import type { Authenticate } from './access/authenticate';
import { faultOf } from './fault';
import { OPEN } from './http-policy';
import type { Logger } from './log';
import { UnknownPayloadKeyError, type PayloadEncryption } from './payload-encryption';
import { Problem, retryLater, sendProblem } from './problem';
import { refuseForeign } from './refuse-foreign';
import { carefulHeaders, forbidStorage } from './response-headers';

/** Temporal accepts payloads of 2 MB, which base64 lengthens by a third. A request contains the payloads of one event. */
const BODY_LIMIT = '8mb';
/** An event of the largest size, 4 MB, contains fewer. Payloads without content would occupy the server for minutes. */
const MAX_PAYLOADS = 10_000;
const PREFLIGHT_AGE_S = 600;

export interface CodecServerOptions {
  encryption: PayloadEncryption;
  log: Logger;
  /** Identifies the caller, who must be an operator. */
  authenticate: Authenticate;
  /** The origins of the Web UIs that may use the server. No other page can. */
  origins: string[];
  /** Host names of the server in addition to the loopback names. */
  hosts?: string[];
}

/**
 * Creates the codec server that Temporal's Web UI and CLI call to show encrypted payloads, and to encrypt the payloads that a
 * person enters. Its protocol is Temporal's: https://docs.temporal.io/production-deployment/data-encryption.
 */
export function createCodecServer({
  encryption,
  log,
  authenticate,
  origins,
  hosts = [],
}: CodecServerOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(carefulHeaders, forbidStorage);
  app.use(refuseForeign({ ...OPEN, refusesForeign: true, allowedHosts: hosts, corsOrigins: origins }));
  app.use(cors({ origin: origins, methods: ['POST'], credentials: true, maxAge: PREFLIGHT_AGE_S }));
  app.post('/encode', ...converting(authenticate, (payloads) => encryption.encode(payloads)));
  app.post('/decode', ...converting(authenticate, (payloads) => decodeEach(payloads, encryption, log)));
  app.use((request) => {
    throw new Problem('route-not-found', `No route for ${request.method} ${request.path}.`);
  });
  app.use(answerErrors(log));
  return app;
}

/** Bytes are base64. `fromObject` also takes any object with a `length` for bytes, and would allocate that many. */
const payloadJson = z
  .object({ metadata: z.record(z.string(), z.string()).nullish(), data: z.string().nullish() })
  .loose();
const body = z.object({ payloads: z.array(payloadJson).max(MAX_PAYLOADS).default([]) });

/** Reads payloads in protobuf's JSON, converts them, and answers in the same format. */
function converting(
  authenticate: Authenticate,
  convert: (payloads: Payload[]) => Promise<Payload[]>,
): RequestHandler[] {
  const { Payloads } = temporal.api.common.v1;
  return [
    async (request, _response, next) => {
      const { role } = await authenticate(request);
      if (role === 'operator') return next();
      throw new Problem('forbidden', `Payloads need the role operator. This credential has the role ${role}.`);
    },
    express.json({ limit: BODY_LIMIT, type: () => true }),
    async (request, response) => {
      const parsed = body.safeParse(request.body);
      if (!parsed.success)
        throw new Problem(
          'malformed-body',
          `The body must be an object with the list payloads, of at most ${MAX_PAYLOADS} payloads in protobuf's JSON format.`,
        );
      const payloads = await convert(readPayloads(parsed.data));
      response.json(Payloads.toObject(Payloads.fromObject({ payloads }), { bytes: String, longs: String }));
    },
  ];
}

function readPayloads(json: z.output<typeof body>): Payload[] {
  try {
    return temporal.api.common.v1.Payloads.fromObject(json).payloads;
  } catch {
    throw new Problem('malformed-body', "The payloads are not in protobuf's JSON format.");
  }
}

/** Decrypts payloads. One whose key is not configured stays encrypted, so that the others of its event are shown. */
const decodeEach = async (payloads: Payload[], encryption: PayloadEncryption, log: Logger): Promise<Payload[]> =>
  Promise.all(
    payloads.map(async (payload) => {
      try {
        return (await encryption.decode([payload]))[0] ?? payload;
      } catch (error) {
        if (!(error instanceof UnknownPayloadKeyError)) throw error;
        log.warn({ err: error }, 'payload stays encrypted');
        return payload;
      }
    }),
  );

const answerErrors =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    sendProblem(response, error instanceof Problem ? error : problemOf(error, log));
  };

/** Converts an error of Express' parser, or of the store of credentials. */
function problemOf(error: unknown, log: Logger): Problem {
  const { type } = (error ?? {}) as { type?: unknown };
  if (type === 'entity.too.large') return new Problem('body-too-large', `The body is larger than 8 MB.`);
  if (typeof type === 'string') return new Problem('malformed-body', 'The body cannot be read.');
  log.error({ err: error }, 'request failed');
  return faultOf(error) === 'bug'
    ? new Problem('internal-error', 'The request failed because of an internal error, which is logged.')
    : retryLater('The credential cannot be checked at the moment.');
}
