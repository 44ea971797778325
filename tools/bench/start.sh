#!/usr/bin/env bash
# Measures the time from `git clone` to the first shipped order, for each way to start the servers, as root and as an
# ordinary user. Uses servers on the default ports if there are any, as `make demo` does.
#   tools/bench/start.sh [cold]      cold: measures first without any cache, as on a new machine
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
ordinary=nobody
git bundle create --quiet "$work/shop.bundle" HEAD # a bundle, because every user can clone it

# Prints the seconds until the first order is shipped.
start() { # user, home folder, environment variables …
  local user=$1 home=$2 clone log began shipped
  shift 2
  clone=$(mktemp -d -p "$work") log=$(mktemp -p "$work")
  mkdir -p "$home"
  chown -R "$user" "$clone" "$home"
  began=$(date +%s%N)
  runuser -u "$user" -- env -i PATH="$PATH" HOME="$home" "$@" bash -c '
    git clone --quiet "$0" "$1/shop" && cd "$1/shop" && make demo' "$work/shop.bundle" "$clone" > "$log" 2>&1 &
  until grep -qw shipped "$log" || ! kill -0 $! 2> /dev/null; do sleep 0.1; done
  shipped=$(date +%s%N)
  if ! wait $! || ! grep -qw shipped "$log"; then tail -5 "$log" >&2; echo failed; else
    echo "$(((shipped - began) / 1000000000)) s"
  fi
  rm -rf "$clone"
}

embedded=(POSTGRES_PORT=25432 AMQP_PORT=25672 TEMPORAL_PORT=27233 TEMPORAL_UI_PORT=28233)
urls=(DATABASE_URL="${DATABASE_URL:-postgresql://postgres:postgres@127.0.0.1:5432/start}"
  AMQP_URL="${AMQP_URL:-amqp://guest:guest@127.0.0.1:5672}")

[ "${1:-}" = cold ] && echo "no caches, own servers, root: $(start root "$work/cold" "${embedded[@]}")"
for user in root "$ordinary"; do
  home=$work/home-$user
  echo "$user, fills the caches: $(start "$user" "$home" "${embedded[@]}")"
  echo "$user, default ports: $(start "$user" "$home" A=)"
  echo "$user, servers given by URL: $(start "$user" "$home" "${urls[@]}")"
  echo "$user, own servers: $(start "$user" "$home" "${embedded[@]}")"
done
