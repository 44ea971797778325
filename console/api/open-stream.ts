import { forgetCredential, readCredential } from './session';

/**
 * Requests the stream of events of an order, or of all orders.
 *
 * @param lastId the id of the event after which the stream continues
 */
export async function openStream(
  orderId: string | null,
  lastId: string | null,
  signal: AbortSignal,
): Promise<Response> {
  const path = orderId === null ? '/orderManagement/order/events' : `/orderManagement/order/${orderId}/events`;
  const credential = readCredential();
  const headers = {
    ...(credential !== null && { Authorization: `Bearer ${credential}` }),
    ...(lastId !== null && { 'Last-Event-ID': lastId }),
  };
  const response = await fetch(path, { signal, headers });
  if (response.status === 401) forgetCredential();
  return response;
}
