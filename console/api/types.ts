import type { components, paths } from '@shop/openapi/order-management';
import type { components as PaymentComponents } from '@shop/openapi/payment-processing';

// What the services answer, by the names of the OpenAPI documents.

type Schemas = components['schemas'];
export type Order = Schemas['Order'];
export type OrderDetails = Schemas['OrderDetails'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type Product = Schemas['Product'];
export type CatalogProduct = Schemas['ProductWithState'];
export type Customer = Schemas['Customer'];
export type Statistics = Schemas['Statistics'];
export type Caller = Schemas['Caller'];
export type ConsoleSettings = Schemas['ConsoleSettings'];
export type ParkedMessage = Schemas['ParkedMessage'];
export type Instance = Schemas['Instance'];
export type RefundDue = Schemas['RefundDue'];
export type Payment = PaymentComponents['schemas']['Payment'];

type EventFilter = NonNullable<paths['/orderManagement/order/events']['get']['parameters']['query']>;
/** A step in the life of an order. */
export type OrderStep = Extract<EventFilter['step'], string>;
