import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { InsufficientStockError, type NewOrder } from './order-steps';

interface OrderBody {
  customerId: string;
  products: { productId: string; orderedQuantity: number }[];
}

/**
 * Serves POST /order, and GET /health, on the port in the environment variable `PORT`.
 *
 * @param accept accepts the order; the 201 waits for it
 * @returns the app, so that a candidate can add routes
 */
export function serveOrders(accept: (order: NewOrder) => Promise<void>): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/health', (_request, response) => void response.send('ok'));
  app.post('/order', express.json(), async (request, response) => {
    const { customerId, products } = request.body as OrderBody;
    const line = products[0];
    if (!line) throw new Error('The order has no product.');
    const orderId = randomUUID();
    await accept({ orderId, customerId, productId: line.productId, quantity: line.orderedQuantity });
    response.status(201).json({ orderId, customerId, orderStatus: 'placed', paymentStatus: 'pending' });
  });
  app.use(sendError);
  app.listen(Number(process.env['PORT']), '127.0.0.1');
  return app;
}

const sendError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  console.error(error);
  response.status(error instanceof InsufficientStockError ? 409 : 500).json({ error: String(error) });
};
