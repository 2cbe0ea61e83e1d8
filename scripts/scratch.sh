# Sourced by what runs the tests and the benchmarks: their data is in memory (/dev/shm) where that is roomy, else where TMPDIR says. An ext4 without a journal,
# as virtual machines have it, looks through all inodes that were deleted of late whenever a file is made, which was half of ClickHouse's CPU.
if [ -z "${MILLRACE_SCRATCH:-}" ]; then
  available_mb=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
  if [ -w /dev/shm ] && [ "$(df -Pm /dev/shm | awk 'NR==2 {print $4}')" -ge 8000 ] && [ "$available_mb" -ge 12000 ]; then
    MILLRACE_SCRATCH=$(mktemp -d /dev/shm/millrace-XXXXXX)
    chmod 711 "$MILLRACE_SCRATCH"  # PostgreSQL runs as a user of its own
    trap 'rm -rf "$MILLRACE_SCRATCH"' EXIT
    trap 'exit 143' TERM  # once what runs has ended, and kept its logs
    export MILLRACE_SCRATCH TMPDIR="$MILLRACE_SCRATCH"
  fi
fi
