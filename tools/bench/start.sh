#!/usr/bin/env bash
# How long it takes from `git clone` to the first shipped order, for each way to start and for root and an ordinary user.
# Uses what stands on the default ports, as `make demo` does: run it where that does no harm.
#   tools/bench/start.sh [cold]      cold: once more with no caches at all, as on a new machine
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
ordinary=nobody
git bundle create --quiet "$work/shop.bundle" HEAD # which, unlike the repository, every user may clone

# Prints the seconds until the first order is shipped.
start() { # user, home, settings of the environment …
  local user=$1 home=$2 clone log began shipped
  shift 2
  clone=$(mktemp -d -p "$work") log=$(mktemp -p "$work")
  mkdir -p "$home"
  chown -R "$user" "$clone" "$home"
  began=$(date +%s%N)
  runuser -u "$user" -- env -i PATH="$PATH" HOME="$home" "$@" bash -c '
    git clone --quiet "$0" "$1/shop" && cd "$1/shop" && make demo' "$work/shop.bundle" "$clone" > "$log" 2>&1 &
  until grep -q 'it is shipped' "$log" || ! kill -0 $! 2> /dev/null; do sleep 0.1; done
  shipped=$(date +%s%N)
  if ! wait $! || ! grep -q 'it is shipped' "$log"; then tail -5 "$log" >&2; echo failed; else
    echo "$(((shipped - began) / 1000000000)) s"
  fi
  rm -rf "$clone"
}

embedded=(POSTGRES_PORT=25432 AMQP_PORT=25672 TEMPORAL_PORT=27233 TEMPORAL_UI_PORT=28233)
urls=(DATABASE_URL="${DATABASE_URL:-postgresql://postgres:postgres@127.0.0.1:5432/start}"
  AMQP_URL="${AMQP_URL:-amqp://guest:guest@127.0.0.1:5672}")

[ "${1:-}" = cold ] && echo "no caches, all started by itself, root: $(start root "$work/cold" "${embedded[@]}")"
for user in root "$ordinary"; do
  home=$work/home-$user
  echo "$user, to fill the caches: $(start "$user" "$home" "${embedded[@]}")"
  echo "$user, default ports: $(start "$user" "$home" A=)"
  echo "$user, URLs: $(start "$user" "$home" "${urls[@]}")"
  echo "$user, all started by itself: $(start "$user" "$home" "${embedded[@]}")"
done
