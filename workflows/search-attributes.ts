import { defineSearchAttributeKey } from '@temporalio/common';

/** The attributes by which the Web UI's list and `temporal workflow list --query` filter sagas. */
export const CUSTOMER_ID = defineSearchAttributeKey('CustomerId', 'KEYWORD');
export const ORDER_TOTAL = defineSearchAttributeKey('OrderTotal', 'DOUBLE');
export const ORDER_STATUS = defineSearchAttributeKey('OrderStatus', 'KEYWORD');
export const CANCELLATION_CODE = defineSearchAttributeKey('CancellationCode', 'KEYWORD');

export const SEARCH_ATTRIBUTES = [CUSTOMER_ID, ORDER_TOTAL, ORDER_STATUS, CANCELLATION_CODE];
