#!/bin/sh
# Starts PostgreSQL in a container as a secondary of the server `postgres`: on a new volume a copy of that, which has a
# slot for it from then on. The first argument names it; the rest is for the server.
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
  mv "$PGDATA/unfinished/PG_VERSION" "$PGDATA" # last: from now on it is whole
  rmdir "$PGDATA/unfinished"
fi
exec docker-entrypoint.sh postgres -c "cluster_name=$name" "$@"
