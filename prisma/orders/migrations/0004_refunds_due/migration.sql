-- Money that may have to go back. A row stands until its refund has ended, so that none is forgotten with a saga that was
-- terminated, or with Temporal's store. Without a payment id: the order ended unpaid, and a payment may yet turn up.
CREATE TABLE "refunds_due" (
    "refund_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "payment_id" UUID,
    "noted_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "examine_after" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "refunds_due_pkey" PRIMARY KEY ("refund_id")
);

CREATE INDEX "refunds_due_examine_after_idx" ON "refunds_due"("examine_after");

-- For the deletion of an order, as the original does it.
CREATE INDEX "refunds_due_order_id_idx" ON "refunds_due"("order_id");

ALTER TABLE "refunds_due" ADD CONSTRAINT "refunds_due_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("order_id") ON DELETE CASCADE ON UPDATE NO ACTION;
