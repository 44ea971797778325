-- When an operator allowed that the payment of an order is requested, which the original system left placed. It may have
-- been charged already.
ALTER TABLE "orders" ADD COLUMN "released_at" TIMESTAMPTZ(6);
