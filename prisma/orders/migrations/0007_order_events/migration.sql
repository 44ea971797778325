-- What happened to each order. A row is written in the same transaction as the change that it records, and never changes.
--
-- Readers follow the table in the order (transaction_id, event_id) and stop at the oldest transaction that still runs, so
-- that they miss no event of a transaction that commits late. See docs/decisions/0046-order-events.md.
CREATE TABLE "order_events" (
    "transaction_id" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
    "event_id" BIGSERIAL NOT NULL,
    "order_id" UUID NOT NULL,
    "step" TEXT NOT NULL,
    "reason" TEXT,
    "recorded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "order_events_pkey" PRIMARY KEY ("transaction_id","event_id")
);

-- Used to read the events of one order, and when a row of `orders` is deleted, which the original does.
CREATE INDEX "order_events_order_id_idx" ON "order_events"("order_id");

ALTER TABLE "order_events" ADD CONSTRAINT "order_events_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("order_id") ON DELETE CASCADE ON UPDATE NO ACTION;
