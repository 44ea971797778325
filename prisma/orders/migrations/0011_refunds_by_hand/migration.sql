-- Why a person requested the refund of a shipped order. Null if the saga, the bridge or the settle statement recorded it.
ALTER TABLE "refunds_due" ADD COLUMN "reason" TEXT;
