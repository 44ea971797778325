-- The running instances of the service and how each of them sees its dependencies. Each instance writes its own row every few
-- seconds. IF NOT EXISTS: if both services use one schema, they share the table.
CREATE TABLE IF NOT EXISTS "instances" (
    "instance_id" UUID NOT NULL,
    "service" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "process_id" INTEGER NOT NULL,
    "build_id" TEXT NOT NULL,
    "ready" BOOLEAN NOT NULL,
    "checks" JSONB NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "reported_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "instances_pkey" PRIMARY KEY ("instance_id")
);
