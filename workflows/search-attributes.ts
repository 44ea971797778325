import { defineSearchAttributeKey } from '@temporalio/common';

/** What the Web UI's list and `temporal workflow list --query` can filter sagas by. */
export const CUSTOMER_ID = defineSearchAttributeKey('CustomerId', 'KEYWORD');
export const ORDER_TOTAL = defineSearchAttributeKey('OrderTotal', 'DOUBLE');
export const ORDER_STATUS = defineSearchAttributeKey('OrderStatus', 'KEYWORD');

export const SEARCH_ATTRIBUTES = [CUSTOMER_ID, ORDER_TOTAL, ORDER_STATUS];
