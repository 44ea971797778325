/** The two services, each of which has parked messages and instances of its own. */
export type Service = 'order-management' | 'payment-processing';
