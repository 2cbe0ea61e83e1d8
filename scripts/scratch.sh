# Sourced by what runs the tests and the benchmarks: their data is in memory (/dev/shm) where that is roomy, else where TMPDIR says. An ext4 without a journal
# looks through the inodes that were deleted of late whenever a file is made: two fifths of ClickHouse's CPU, by perf, on a machine where tests had run for hours.
available_mb=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
if [ -w /dev/shm ] && [ "$(df -Pm /dev/shm | awk 'NR==2 {print $4}')" -ge 8000 ] && [ "$available_mb" -ge 12000 ]; then
  TMPDIR=$(mktemp -d /dev/shm/millrace-XXXXXX)
  chmod 711 "$TMPDIR"  # PostgreSQL runs as a user of its own
  trap 'rm -rf "$TMPDIR"' EXIT
  trap 'exit 143' TERM  # once what runs has ended, and kept its logs
  export TMPDIR
fi
