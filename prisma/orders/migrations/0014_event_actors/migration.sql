-- Who requested the step. Null if the system did, and in events that were recorded before.
ALTER TABLE "order_events" ADD COLUMN "actor" TEXT;
