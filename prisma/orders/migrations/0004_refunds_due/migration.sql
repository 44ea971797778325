-- Refunds that may be due. A row exists until its refund has ended. A refund is therefore not lost if its saga is
-- terminated, or if Temporal loses its data. A row without a payment id stands for an order that was settled without a
-- payment, for which a payment may still arrive.
CREATE TABLE "refunds_due" (
    "refund_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "payment_id" UUID,
    "noted_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "examine_after" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "refunds_due_pkey" PRIMARY KEY ("refund_id")
);

CREATE INDEX "refunds_due_examine_after_idx" ON "refunds_due"("examine_after");

-- Used when a row of `orders` is deleted, which the original does.
CREATE INDEX "refunds_due_order_id_idx" ON "refunds_due"("order_id");

ALTER TABLE "refunds_due" ADD CONSTRAINT "refunds_due_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("order_id") ON DELETE CASCADE ON UPDATE NO ACTION;
