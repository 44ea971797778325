import type { Caller } from '@shop/runtime/access/caller';
import { z } from 'zod';
import type { OrderDetails } from '../orders/order-details';
import type { HistoryEntry } from '../orders/order-history';
import type { Product, ProductWithState } from '../catalog/products';
import type { PlacedOrder } from '../orders/placed-order';

// The JSON of the contract: what the operations answer.

export const customerJson = z
  .object({ customerId: z.guid(), firstName: z.string(), lastName: z.string(), email: z.string() })
  .meta({ id: 'Customer' });

export const productJson = z
  .object({
    productId: z.guid(),
    name: z.string(),
    price: z.number(),
    description: z.string(),
    quantityAvailable: z.int(),
    productType: z.string(),
    OrderedQuantity: z.int().meta({ description: 'The quantity in an order; 0 outside of orders.' }),
  })
  .meta({ id: 'Product' });

export const productWithStateJson = productJson
  .extend({ retired: z.boolean().meta({ description: 'Whether the product is no longer sold.' }) })
  .meta({ id: 'ProductWithState' });

export const orderJson = z
  .object({
    orderId: z.guid(),
    customerId: z.guid().nullable().meta({ description: 'Null only for some orders of the original system.' }),
    orderStatus: z.string().meta({ description: '`placed`, `shipped` or `cancelled`.' }),
    paymentStatus: z.string().meta({ description: '`pending`, `success`, `failed`, `cancelled` or `refunded`.' }),
    orderDate: z.iso.datetime().nullable().meta({ description: 'Null if the stored date cannot be represented.' }),
    cancellation: z
      .object({ code: z.string(), reason: z.string() })
      .nullable()
      .optional()
      .meta({ description: 'Only for a cancelled order. Null if the reason is not known.' }),
    products: z.array(productJson),
  })
  .meta({ id: 'Order' });

export const orderDetailsJson = orderJson
  .extend({
    totalAmount: z.number().meta({ description: 'The sum of price times quantity of all lines, in dollars.' }),
    settledAt: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'Null if the order is not settled, or was settled by the original system.' }),
    links: z.object({
      self: z.string(),
      history: z.string(),
      events: z.string(),
      saga: z.url().meta({ description: "The order's saga in Temporal's Web UI." }),
    }),
  })
  .meta({ id: 'OrderDetails' });

export const historyJson = z.array(
  z
    .object({
      step: z.string().meta({ description: 'A step, such as `accepted` or `shipped`.' }),
      time: z.iso
        .datetime()
        .nullable()
        .meta({ description: 'Null if it is not known, as for the settlement of orders of the original system.' }),
      reason: z.string().nullable().meta({ description: 'Why it happened, or which payment or attempt it was.' }),
      actor: z
        .string()
        .nullable()
        .meta({
          description:
            'Who requested the step: `anonymous`, `api-key:<prefix>` or `jwt:<sub>`, or `operator:<name>` for a command. Null if ' +
            'the system did, if it was not ' +
            'recorded, and for customers.',
        }),
    })
    .meta({ id: 'HistoryEntry' }),
);
export const refundJson = z
  .object({
    message: z.string(),
    refundId: z
      .guid()
      .meta({ description: 'The id of the payment. The workflow of the refund is `refund-<refundId>`.' }),
  })
  .meta({ id: 'Refund' });

export const refundDueJson = z
  .object({
    refundId: z.guid().meta({ description: 'The id of the payment, or of the order if no payment is known.' }),
    orderId: z.guid(),
    paymentId: z.guid().nullable().meta({ description: 'Null if it is unknown whether the order was charged.' }),
    amount: z.number().meta({ description: 'The total of the order in dollars.' }),
    notedAt: z.iso
      .datetime()
      .meta({ description: 'When the refund was recorded as due. A repeated request does not change it.' }),
    reason: z.string().nullable().meta({
      description: 'Why a person requested the refund, or why the order was cancelled; null if neither is known.',
    }),
  })
  .meta({ id: 'RefundDue' });

export const consoleSettingsJson = z
  .object({
    paymentApiOrigin: z
      .url()
      .nullable()
      .meta({ description: 'The origin of payment-processing; null if it is the origin of this service.' }),
  })
  .meta({ id: 'ConsoleSettings' });

export const backlogJson = z
  .object({
    unsettled: z.int().meta({ description: 'Orders that are neither shipped nor cancelled.' }),
    oldestSeconds: z.number().meta({ description: 'How long the oldest of them has waited; 0 if there is none.' }),
    limit: z.int().meta({ description: 'The setting `MAX_UNSETTLED`.' }),
  })
  .meta({ id: 'Backlog' });

export const sagaJson = z
  .object({
    state: z.enum(['RUNNING', 'COMPLETED', 'FAILED', 'ENDED EARLY', 'UNKNOWN']),
    url: z.url().meta({ description: "The saga in Temporal's Web UI." }),
    trace: z.string().nullable().meta({ description: 'The address of its trace, if it was traced.' }),
  })
  .meta({ id: 'Saga' });

export const failingSagaJson = z
  .object({
    workflowId: z.string().meta({ description: '`order-<orderId>` or `refund-<refundId>`.' }),
    reason: z.string().meta({ description: 'The failing step or code, and the error message.' }),
    url: z.url().meta({ description: "The saga in Temporal's Web UI." }),
  })
  .meta({ id: 'FailingSaga' });

const count = z.int();
const amount = z.number();
const seconds = z.number().nullable();

const outcomes = {
  placed: count.meta({ description: 'Orders that are not settled yet.' }),
  shipped: count.meta({ description: 'Orders that were shipped and not refunded.' }),
  cancelled: count.meta({ description: 'Orders that were cancelled. A payment of such an order is refunded, too.' }),
  refunded: count.meta({ description: 'Orders that were shipped and then refunded.' }),
  placedAmount: amount,
  shippedAmount: amount,
  cancelledAmount: amount,
  refundedAmount: amount,
  settleP50: seconds.meta({ description: 'Median time from acceptance to settlement; null if no order is settled.' }),
  settleP95: seconds,
};

export const statisticsJson = z
  .object({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    bucketSeconds: z.int(),
    complete: z.boolean().meta({ description: 'Whether all orders of the window are counted.' }),
    total: z.object(outcomes).meta({ id: 'Outcomes' }),
    buckets: z
      .array(z.object({ start: z.iso.datetime(), ...outcomes }).meta({ id: 'OutcomeBucket' }))
      .meta({ description: 'Only buckets in which an order was placed, the oldest first.' }),
  })
  .meta({ id: 'Statistics' });

export const messageJson = z.object({ message: z.string() }).meta({ id: 'Message' });

/** Converts a product to JSON: the price is a number, and `OrderedQuantity` has a capital O. */
export const toProductJson = (
  { price, description, ...product }: Product,
  orderedQuantity = 0,
): z.input<typeof productJson> => ({
  productId: product.productId,
  name: product.name,
  price: Number(price),
  description: description ?? '',
  quantityAvailable: product.quantityAvailable,
  productType: product.productType,
  OrderedQuantity: orderedQuantity,
});

/** Converts a product to JSON, with its state. */
export const toProductWithStateJson = ({
  retired,
  ...product
}: ProductWithState): z.input<typeof productWithStateJson> => ({ ...toProductJson(product), retired });

/** Converts an order to JSON. A cancelled order has the additional member `cancellation`. */
export const toOrderJson = ({ lines, ...order }: PlacedOrder): z.input<typeof orderJson> => ({
  orderId: order.orderId,
  customerId: order.customerId,
  orderStatus: order.orderStatus,
  paymentStatus: order.paymentStatus,
  orderDate: isoDate(order.orderDate),
  ...(order.cancellation !== undefined && { cancellation: order.cancellation }),
  products: lines.map(({ quantity, ...product }) => toProductJson(product, quantity)),
});

/**
 * Converts one order to JSON, with its links.
 *
 * @param prefix the prefix under which the client has requested the order
 */
export const toOrderDetailsJson = (
  { totalAmount, settledAt, ...order }: OrderDetails,
  { prefix, sagaUrl }: { prefix: string; sagaUrl: string },
): z.input<typeof orderDetailsJson> => {
  const self = `${prefix}/order/${order.orderId}`;
  return {
    ...toOrderJson(order),
    totalAmount: Number(totalAmount),
    settledAt: isoDate(settledAt),
    links: { self, history: `${self}/history`, events: `${self}/events`, saga: sagaUrl },
  };
};

/** Converts the history of an order to JSON. Only operators see which credentials have acted. */
export const toHistoryJson = (history: HistoryEntry[], { role }: Pick<Caller, 'role'>): z.input<typeof historyJson> =>
  history.map(({ step, time, reason, actor }) => ({
    step,
    time: isoDate(time),
    reason,
    actor: role === 'operator' ? actor : null,
  }));

/** PostgreSQL also stores `infinity` and years that a Date cannot represent. One such row must not break a whole list. */
const isoDate = (date: Date | null): string | null =>
  date && !Number.isNaN(date.getTime()) ? date.toISOString() : null;
