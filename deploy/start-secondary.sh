#!/bin/sh
# Starts PostgreSQL in a container as a secondary of the server `postgres`. On a new volume it first creates a replication
# slot on that server and copies its data. tools/dev/postgres-secondary.ts does the same outside containers.
# Arguments: the name of this server, then options for PostgreSQL.
set -eu
name=$1
shift
slot=$(echo "$name" | tr - _)
primary='host=postgres user=postgres dbname=postgres'
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  psql "$primary" --quiet --command "SELECT pg_create_physical_replication_slot('$slot', true)
    WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$slot')" > /dev/null
  rm -rf "${PGDATA:?}"/*
  pg_basebackup --dbname "$primary" --pgdata "$PGDATA/unfinished" --wal-method=stream --checkpoint=fast \
    --write-recovery-conf --slot "$slot"
  find "$PGDATA/unfinished" -mindepth 1 -maxdepth 1 -not -name PG_VERSION -exec mv {} "$PGDATA" \;
  mv "$PGDATA/unfinished/PG_VERSION" "$PGDATA" # last, because this file marks a complete copy
  rmdir "$PGDATA/unfinished"
fi
exec docker-entrypoint.sh postgres -c "cluster_name=$name" "$@"
