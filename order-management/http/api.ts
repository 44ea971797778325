import { parkedOperations } from '@shop/amqp/parked-operations';
import type { ParkedQueue } from '@shop/amqp/parked-queue';
import type { OrdersClient } from '@shop/prisma/clients';
import type { Api } from '@shop/runtime/api';
import { instanceOperation } from '@shop/runtime/instance-operations';
import type { ReadClient } from '../reads/read-client';
import { catalogOperations } from './catalog-operations';
import { consoleOperations, type ConsoleOperationsNeeds } from './console-operations';
import { eventOperations, type EventOperationsNeeds } from './event-operations';
import { customerOperations } from './customer-operations';
import { orderOperations, type OrderOperationsNeeds } from './order-operations';
import { productOperations } from './product-operations';
import { refundOperations, type RefundOperationsNeeds } from './refund-operations';

export type OrderApiNeeds = OrderOperationsNeeds &
  EventOperationsNeeds &
  RefundOperationsNeeds &
  ConsoleOperationsNeeds & { database: OrdersClient; reads: ReadClient; parked: ParkedQueue };

/**
 * The REST API of order-management, under the prefix of the original's code and the one that the original's README names.
 * The needs are used only when an operation is called.
 */
export const orderApi = (needs: OrderApiNeeds): Api => ({
  title: 'Order management',
  prefixes: ['/orderManagement', '/order-management'],
  operations: [
    ...catalogOperations(needs),
    ...customerOperations(needs),
    ...productOperations(needs),
    ...orderOperations(needs),
    ...refundOperations(needs),
    ...eventOperations(needs),
    ...parkedOperations(() => needs.parked),
    instanceOperation('order-management', needs.database),
    ...consoleOperations(needs),
  ],
});
