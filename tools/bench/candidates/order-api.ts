import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { NotEnoughStock, type NewOrder } from './order-steps';

interface OrderBody {
  customerId: string;
  products: { productId: string; orderedQuantity: number }[];
}

/**
 * Serves POST /order on the port that the environment names, and says on which health check it can be seen.
 *
 * @param accept is awaited before the 201
 * @returns the app, for what else a contestant serves
 */
export function serveOrders(accept: (order: NewOrder) => Promise<void>): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/health', (_request, response) => void response.send('ok'));
  app.post('/order', express.json(), async (request, response) => {
    const { customerId, products } = request.body as OrderBody;
    const line = products[0];
    if (!line) throw new Error('An order needs a line.');
    const orderId = randomUUID();
    await accept({ orderId, customerId, productId: line.productId, quantity: line.orderedQuantity });
    response.status(201).json({ orderId, customerId, orderStatus: 'placed', paymentStatus: 'pending' });
  });
  app.use(answerErrors);
  app.listen(Number(process.env['PORT']), '127.0.0.1');
  return app;
}

const answerErrors: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  console.error(error);
  response.status(error instanceof NotEnoughStock ? 409 : 500).json({ error: String(error) });
};
